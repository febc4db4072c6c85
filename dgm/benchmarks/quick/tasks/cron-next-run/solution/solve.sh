#!/bin/bash
cp /solution/cron.py /workspace/cron.py
