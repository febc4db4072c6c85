#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/duration.py" "${DGM_WORKSPACE:-/workspace}/duration.py"
