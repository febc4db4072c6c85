#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/query.py" "${DGM_WORKSPACE:-/workspace}/query.py"
