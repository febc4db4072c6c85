#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/words.py" "${DGM_WORKSPACE:-/workspace}/words.py"
