#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/trie.py" "${DGM_WORKSPACE:-/workspace}/trie.py"
