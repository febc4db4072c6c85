#!/bin/bash
set -e
cp /solution/vigenere.py /workspace/vigenere.py
