#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/window.py" "${DGM_WORKSPACE:-/workspace}/window.py"
