#!/bin/bash
set -e
cp /solution/json_path.py /workspace/json_path.py
