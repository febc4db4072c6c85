#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/editor.py" "${DGM_WORKSPACE:-/workspace}/editor.py"
