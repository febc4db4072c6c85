#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/groups.py" "${DGM_WORKSPACE:-/workspace}/groups.py"
