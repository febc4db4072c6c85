#!/bin/bash
cp /solution/matrix.py /workspace/matrix.py
