#!/bin/bash
mkdir -p /logs/verifier
if cd /workspace && python3 /tests/check.py -v; then
    echo 1 > /logs/verifier/reward.txt
else
    echo 0 > /logs/verifier/reward.txt
fi
