"""Buckets of numbers."""


def edges(low, high, count):
    width = (high - low) / count
    return [low + width * n for n in range(count + 1)]


def histogram(values, low, high, count):
    width = (high - low) / count
    counts = [0] * count
    for value in values:
        if value < low or value > high:
            continue
        counts[int((value - low) / width)] += 1
    return counts


def bar(count, peak, size=10):
    if peak == 0:
        return ""
    return "#" * round(count / peak * size)
