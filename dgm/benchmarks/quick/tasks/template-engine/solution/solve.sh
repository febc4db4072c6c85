#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/template.py" "${DGM_WORKSPACE:-/workspace}/template.py"
