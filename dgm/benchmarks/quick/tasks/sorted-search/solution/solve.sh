#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/search.py" "${DGM_WORKSPACE:-/workspace}/search.py"
