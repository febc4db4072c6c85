#!/bin/bash
set -e
cp /solution/groups.py /workspace/groups.py
