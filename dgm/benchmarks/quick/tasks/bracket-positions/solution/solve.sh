#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/brackets.py" "${DGM_WORKSPACE:-/workspace}/brackets.py"
