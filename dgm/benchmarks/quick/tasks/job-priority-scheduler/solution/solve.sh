#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/scheduler.py" "${DGM_WORKSPACE:-/workspace}/scheduler.py"
