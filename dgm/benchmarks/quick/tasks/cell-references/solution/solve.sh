#!/bin/bash
cp /solution/cells.py /workspace/cells.py
