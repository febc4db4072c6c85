#!/bin/bash
cp /solution/wrap.py /workspace/wrap.py
