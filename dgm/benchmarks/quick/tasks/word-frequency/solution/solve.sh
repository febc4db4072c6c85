#!/bin/bash
cp /solution/words.py /workspace/words.py
