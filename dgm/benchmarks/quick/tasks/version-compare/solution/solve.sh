#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/versions.py" "${DGM_WORKSPACE:-/workspace}/versions.py"
