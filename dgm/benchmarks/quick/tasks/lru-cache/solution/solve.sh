#!/bin/bash
cp /solution/cache.py /workspace/cache.py
