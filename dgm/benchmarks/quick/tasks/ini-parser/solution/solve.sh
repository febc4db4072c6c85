#!/bin/bash
cp /solution/settings.py /workspace/settings.py
