#!/bin/bash
set -e
cp /solution/search_tree.py /workspace/search_tree.py
