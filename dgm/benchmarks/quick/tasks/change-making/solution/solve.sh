#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/change.py" "${DGM_WORKSPACE:-/workspace}/change.py"
