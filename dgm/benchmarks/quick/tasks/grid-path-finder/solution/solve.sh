#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/maze.py" "${DGM_WORKSPACE:-/workspace}/maze.py"
