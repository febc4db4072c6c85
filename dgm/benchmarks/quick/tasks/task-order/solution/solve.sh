#!/bin/bash
cp /solution/order.py /workspace/order.py
