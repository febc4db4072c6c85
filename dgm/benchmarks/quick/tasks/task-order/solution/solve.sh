#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/order.py" "${DGM_WORKSPACE:-/workspace}/order.py"
