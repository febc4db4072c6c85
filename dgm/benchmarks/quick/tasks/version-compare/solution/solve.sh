#!/bin/bash
cp /solution/versions.py /workspace/versions.py
