#!/bin/bash
set -e
cp /solution/maze.py /workspace/maze.py
