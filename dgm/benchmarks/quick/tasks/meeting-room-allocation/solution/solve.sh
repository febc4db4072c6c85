#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/rooms.py" "${DGM_WORKSPACE:-/workspace}/rooms.py"
