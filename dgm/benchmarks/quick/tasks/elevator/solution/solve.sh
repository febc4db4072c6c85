#!/bin/bash
cp /solution/elevator.py /workspace/elevator.py
