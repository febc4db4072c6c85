#!/bin/bash
set -e
cp /solution/arguments.py /workspace/arguments.py
