#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/limiter.py" "${DGM_WORKSPACE:-/workspace}/limiter.py"
