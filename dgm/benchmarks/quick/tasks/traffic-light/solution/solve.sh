#!/bin/bash
set -e
cp "${DGM_SOLUTION:-/solution}/traffic_light.py" "${DGM_WORKSPACE:-/workspace}/traffic_light.py"
