#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/stats.py" "${DGM_WORKSPACE:-/workspace}/stats.py"
