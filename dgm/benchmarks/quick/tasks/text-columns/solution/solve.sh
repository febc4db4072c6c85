#!/bin/bash
set -e
cp /solution/columns.py /workspace/columns.py
