#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/intervals.py" "${DGM_WORKSPACE:-/workspace}/intervals.py"
