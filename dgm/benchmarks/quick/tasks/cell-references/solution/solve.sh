#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/cells.py" "${DGM_WORKSPACE:-/workspace}/cells.py"
