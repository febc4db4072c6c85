"""Binary search in sorted lists."""


def lower_bound(items, value):
    """Return the first position at which an item is not below the value, or len(items)."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if items[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


def upper_bound(items, value):
    """Return the first position at which an item is above the value, or len(items)."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if value < items[middle]:
            high = middle
        else:
            low = middle + 1
    return low


def count(items, value):
    """Return how often the value is among the items."""
    return upper_bound(items, value) - lower_bound(items, value)


def between(items, first, last):
    """Return the items from first to last, both included."""
    return items[lower_bound(items, first) : upper_bound(items, last)]


def nearest(items, value):
    """Return the item closest to the value, the smaller of two equally close ones."""
    if not items:
        raise ValueError("no items")
    position = lower_bound(items, value)
    candidates = items[max(position - 1, 0) : position + 1]
    return min(candidates, key=lambda item: abs(item - value))
