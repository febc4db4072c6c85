#!/bin/bash
cp /solution/intervals.py /workspace/intervals.py
