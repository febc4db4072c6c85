#!/bin/bash
set -e
cp /solution/event_log.py /workspace/event_log.py
