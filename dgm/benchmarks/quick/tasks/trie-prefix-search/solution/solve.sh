#!/bin/bash
set -e
cp /solution/trie.py /workspace/trie.py
