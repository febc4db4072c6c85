#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/cache.py" "${DGM_WORKSPACE:-/workspace}/cache.py"
