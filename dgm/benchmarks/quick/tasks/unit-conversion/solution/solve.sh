#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/units.py" "${DGM_WORKSPACE:-/workspace}/units.py"
