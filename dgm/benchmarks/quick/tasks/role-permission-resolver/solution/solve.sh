#!/bin/bash
set -e
cp /solution/roles.py /workspace/roles.py
