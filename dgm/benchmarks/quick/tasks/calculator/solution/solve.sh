#!/bin/bash
cp /solution/calc.py /workspace/calc.py
