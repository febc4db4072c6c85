#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/roles.py" "${DGM_WORKSPACE:-/workspace}/roles.py"
