#!/bin/bash
set -e
cp /solution/polynomial.py /workspace/polynomial.py
