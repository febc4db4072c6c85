#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/differ.py" "${DGM_WORKSPACE:-/workspace}/differ.py"
