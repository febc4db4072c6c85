#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/settings.py" "${DGM_WORKSPACE:-/workspace}/settings.py"
