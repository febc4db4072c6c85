#!/bin/bash
set -e
cp /solution/query.py /workspace/query.py
