#!/bin/bash
cp /solution/editor.py /workspace/editor.py
