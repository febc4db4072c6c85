#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/calc.py" "${DGM_WORKSPACE:-/workspace}/calc.py"
