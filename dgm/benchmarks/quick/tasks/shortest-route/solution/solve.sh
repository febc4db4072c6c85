#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/routes.py" "${DGM_WORKSPACE:-/workspace}/routes.py"
