#!/bin/bash
cp /solution/records.py /workspace/records.py
