#!/bin/bash
set -e
cp /solution/linked_list.py /workspace/linked_list.py
