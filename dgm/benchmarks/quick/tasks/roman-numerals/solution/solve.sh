#!/bin/bash
cp /solution/roman.py /workspace/roman.py
