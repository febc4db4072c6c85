#!/bin/bash
set -e
cp /solution/bit_set.py /workspace/bit_set.py
