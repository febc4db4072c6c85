#!/bin/bash
set -e
cp /solution/differ.py /workspace/differ.py
