#!/bin/bash
cp /solution/stock.py /workspace/stock.py
