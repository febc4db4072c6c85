#!/bin/bash
set -e
cp /solution/globs.py /workspace/globs.py
