#!/bin/bash
# Reward 1 when every hidden test passes, else 0. Some sandboxes have other names for the folders.
logs="${DGM_LOGS:-/logs}/verifier"
mkdir -p "$logs"
reward=0
cd "${DGM_WORKSPACE:-/workspace}" && python3 "${DGM_TESTS:-/tests}/check.py" -v && reward=1
echo "$reward" > "$logs/reward.txt"
