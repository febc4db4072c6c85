"""Percentiles and histograms of numbers."""

from math import ceil


def mean(numbers):
    """Return the arithmetic mean; ValueError for no numbers."""
    if not numbers:
        raise ValueError("no numbers")
    return sum(numbers) / len(numbers)


def percentile(numbers, percent):
    """Return the value below which the given part of the numbers lies.

    Between two neighbours in the sorted list the value is interpolated: 0 gives the smallest
    number, 50 the median, 100 the largest.
    """
    if not numbers:
        raise ValueError("no numbers")
    if not 0 <= percent <= 100:
        raise ValueError("not a percentage: %r" % percent)
    ordered = sorted(numbers)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def nearest_rank(numbers, percent):
    """Return the smallest of the numbers that at least the given part of them does not exceed."""
    if not numbers:
        raise ValueError("no numbers")
    rank = max(1, ceil(len(numbers) * percent / 100))
    return sorted(numbers)[rank - 1]


def bin_borders(numbers, bins):
    """Return the bins + 1 borders of the bins."""
    if bins < 1 or not numbers:
        raise ValueError("a histogram needs numbers and at least one bin")
    low, high = min(numbers), max(numbers)
    width = (high - low) // bins
    return [low + width * number for number in range(bins)] + [high]


def bin_counts(numbers, bins):
    """Return how many numbers lie in each bin."""
    borders = bin_borders(numbers, bins)
    counts = [0] * bins
    for number in numbers:
        place = 0
        while place < bins - 1 and number >= borders[place + 1]:
            place += 1
        counts[place] += 1
    return counts


def draw(numbers, bins, width=40, mark="#"):
    """Return a histogram as text, a line for each bin, the longest bar `width` wide.

    Other bars are rounded up, so that only empty bins have none.
    """
    borders = bin_borders(numbers, bins)
    counts = bin_counts(numbers, bins)
    labels = ["%g" % border for border in borders[:-1]]
    room = max(map(len, labels))
    lines = []
    for label, count in zip(labels, counts):
        bar = mark * ceil(count * width / max(counts))
        lines.append(" ".join(part for part in (label.rjust(room), "|", bar, str(count)) if part))
    return "\n".join(lines)
