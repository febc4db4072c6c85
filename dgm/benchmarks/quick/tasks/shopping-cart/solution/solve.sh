#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/cart.py" "${DGM_WORKSPACE:-/workspace}/cart.py"
cp "${DGM_SOLUTION:-/solution}/discounts.py" "${DGM_WORKSPACE:-/workspace}/discounts.py"
