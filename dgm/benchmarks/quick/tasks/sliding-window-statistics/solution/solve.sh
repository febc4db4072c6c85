#!/bin/bash
set -e
cp /solution/window.py /workspace/window.py
