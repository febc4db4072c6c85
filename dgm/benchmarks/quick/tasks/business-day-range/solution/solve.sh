#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/business_days.py" "${DGM_WORKSPACE:-/workspace}/business_days.py"
