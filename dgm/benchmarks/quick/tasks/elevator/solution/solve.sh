#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/elevator.py" "${DGM_WORKSPACE:-/workspace}/elevator.py"
