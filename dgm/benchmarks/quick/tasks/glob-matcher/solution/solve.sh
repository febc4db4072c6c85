#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/globs.py" "${DGM_WORKSPACE:-/workspace}/globs.py"
