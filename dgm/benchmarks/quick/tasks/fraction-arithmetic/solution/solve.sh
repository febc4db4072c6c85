#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/ratio.py" "${DGM_WORKSPACE:-/workspace}/ratio.py"
