#!/bin/bash
cp /solution/ledger.py /workspace/ledger.py
