"""Sets of half-open intervals."""


def merge(intervals):
    merged = []
    for start, end in sorted(intervals):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def total(intervals):
    return sum(end - start for start, end in merge(intervals))


def gaps(intervals):
    merged = merge(intervals)
    return [(a[1], b[0]) for a, b in zip(merged, merged[1:])]


def covers(intervals, point):
    return any(start <= point < end for start, end in intervals)
