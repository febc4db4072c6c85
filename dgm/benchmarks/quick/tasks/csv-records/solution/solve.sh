#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/records.py" "${DGM_WORKSPACE:-/workspace}/records.py"
