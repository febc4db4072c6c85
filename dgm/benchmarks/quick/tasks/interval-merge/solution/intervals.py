"""Half-open intervals (start, end) of integers, start < end."""

from itertools import combinations


def overlap(first, second):
    """Tell whether two intervals share at least one point."""
    return first[0] < second[1] and second[0] < first[1]


def merge(intervals):
    """Return the intervals in order, with those that overlap or touch made one."""
    merged = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def covered(intervals):
    """Return how many points lie in at least one interval."""
    return sum(end - start for start, end in merge(intervals))


def gaps(intervals, start, end):
    """Return the free intervals between start and end, in order."""
    free = []
    for busy_start, busy_end in merge(intervals):
        if start < min(busy_start, end):
            free.append((start, min(busy_start, end)))
        start = max(start, busy_end)
    if start < end:
        free.append((start, end))
    return free


def conflicts(intervals):
    """Return the pairs of intervals that overlap, sorted."""
    return [pair for pair in combinations(sorted(intervals), 2) if overlap(*pair)]
