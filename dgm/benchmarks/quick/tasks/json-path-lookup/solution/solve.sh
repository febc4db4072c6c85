#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/json_path.py" "${DGM_WORKSPACE:-/workspace}/json_path.py"
