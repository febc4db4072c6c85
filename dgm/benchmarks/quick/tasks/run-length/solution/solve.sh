#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/rle.py" "${DGM_WORKSPACE:-/workspace}/rle.py"
