#!/bin/bash
set -e
cp /solution/ratio.py /workspace/ratio.py
