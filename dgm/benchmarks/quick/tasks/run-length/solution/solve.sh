#!/bin/bash
cp /solution/rle.py /workspace/rle.py
