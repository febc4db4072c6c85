"""Durations as text."""

import re

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def parse(text):
    total = 0
    for number, unit in re.findall(r"(\d+)\s*([dhms])", text):
        total += int(number) * UNITS[unit]
    return total


def show(seconds):
    if seconds == 0:
        return "0s"
    parts = []
    for unit, size in UNITS.items():
        count, seconds = divmod(seconds, size)
        if count >= 0:
            parts.append(f"{count}{unit}")
    return " ".join(parts)
