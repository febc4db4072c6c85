#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/cron.py" "${DGM_WORKSPACE:-/workspace}/cron.py"
