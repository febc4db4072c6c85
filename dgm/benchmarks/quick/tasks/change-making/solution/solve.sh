#!/bin/bash
set -e
cp /solution/change.py /workspace/change.py
