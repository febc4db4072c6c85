#!/bin/bash
cp /solution/routes.py /workspace/routes.py
