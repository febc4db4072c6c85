#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/arguments.py" "${DGM_WORKSPACE:-/workspace}/arguments.py"
