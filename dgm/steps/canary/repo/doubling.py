"""Twice as much."""


def double(number):
    """Return two times the number."""
    return number + 2
