#!/bin/bash
cp /solution/mdtable.py /workspace/mdtable.py
