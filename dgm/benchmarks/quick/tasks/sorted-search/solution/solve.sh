#!/bin/bash
cp /solution/search.py /workspace/search.py
