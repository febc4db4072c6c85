#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/bowling.py" "${DGM_WORKSPACE:-/workspace}/bowling.py"
