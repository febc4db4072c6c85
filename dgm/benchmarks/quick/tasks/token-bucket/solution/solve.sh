#!/bin/bash
cp /solution/limiter.py /workspace/limiter.py
