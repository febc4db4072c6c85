#!/bin/bash
cp /solution/template.py /workspace/template.py
