#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/vigenere.py" "${DGM_WORKSPACE:-/workspace}/vigenere.py"
