#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/bit_set.py" "${DGM_WORKSPACE:-/workspace}/bit_set.py"
