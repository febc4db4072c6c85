#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/wrap.py" "${DGM_WORKSPACE:-/workspace}/wrap.py"
