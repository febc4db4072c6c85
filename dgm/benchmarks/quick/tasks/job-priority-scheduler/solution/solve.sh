#!/bin/bash
set -e
cp /solution/scheduler.py /workspace/scheduler.py
