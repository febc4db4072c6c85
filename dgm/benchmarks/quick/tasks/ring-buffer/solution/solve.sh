#!/bin/bash
set -e
cp /solution/ring_buffer.py /workspace/ring_buffer.py
