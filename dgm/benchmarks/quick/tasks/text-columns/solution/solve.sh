#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/columns.py" "${DGM_WORKSPACE:-/workspace}/columns.py"
