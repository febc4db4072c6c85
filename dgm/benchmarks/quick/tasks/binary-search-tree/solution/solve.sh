#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/search_tree.py" "${DGM_WORKSPACE:-/workspace}/search_tree.py"
