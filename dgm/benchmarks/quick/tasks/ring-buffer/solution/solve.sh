#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/ring_buffer.py" "${DGM_WORKSPACE:-/workspace}/ring_buffer.py"
