#!/bin/bash
set -e
cp /solution/rooms.py /workspace/rooms.py
