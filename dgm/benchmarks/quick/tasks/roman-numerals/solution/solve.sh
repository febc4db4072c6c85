#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/roman.py" "${DGM_WORKSPACE:-/workspace}/roman.py"
