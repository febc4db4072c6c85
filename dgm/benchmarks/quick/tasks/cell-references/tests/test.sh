#!/bin/bash
# Reward 1 when every hidden test passes on /workspace, else 0.
mkdir -p /logs/verifier
reward=0
cd /workspace && python3 /tests/check.py -v && reward=1
echo "$reward" > /logs/verifier/reward.txt
