#!/bin/bash
set -e
cp /solution/bowling.py /workspace/bowling.py
