#!/bin/bash
cp /solution/brackets.py /workspace/brackets.py
