#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/matrix.py" "${DGM_WORKSPACE:-/workspace}/matrix.py"
