#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/ledger.py" "${DGM_WORKSPACE:-/workspace}/ledger.py"
