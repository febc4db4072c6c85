#!/bin/bash
set -e
cp /solution/business_days.py /workspace/business_days.py
