#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/mdtable.py" "${DGM_WORKSPACE:-/workspace}/mdtable.py"
