#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/event_log.py" "${DGM_WORKSPACE:-/workspace}/event_log.py"
