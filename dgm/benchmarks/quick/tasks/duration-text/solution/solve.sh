#!/bin/bash
set -e
cp /solution/duration.py /workspace/duration.py
