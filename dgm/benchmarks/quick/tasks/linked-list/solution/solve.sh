#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/linked_list.py" "${DGM_WORKSPACE:-/workspace}/linked_list.py"
