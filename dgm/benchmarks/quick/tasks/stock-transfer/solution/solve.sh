#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/stock.py" "${DGM_WORKSPACE:-/workspace}/stock.py"
