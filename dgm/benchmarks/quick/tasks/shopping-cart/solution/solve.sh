#!/bin/bash
cp /solution/cart.py /workspace/cart.py
cp /solution/discounts.py /workspace/discounts.py
