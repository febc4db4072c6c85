#!/bin/bash
cp /solution/weeks.py /workspace/weeks.py
