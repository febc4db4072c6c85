"""Passages: the shortest whole lines that tell one text from another and occur only once."""

from __future__ import annotations


def passage(before: str, after: str) -> tuple[str, str]:
    """Return (old, new) so that replacing the only `old` in `before` gives `after`."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    begin, end = head, len(old) - tail
    while begin == end or before.count("".join(old[begin:end])) != 1:
        if begin == 0 and end == len(old):
            break
        begin, end = max(0, begin - 1), min(len(old), end + 1)
    return "".join(old[begin:end]), "".join(new[begin : len(new) - (len(old) - end)])


def _common(left: list[str], right: list[str]) -> int:
    """Count the equal lines at the beginning of two texts."""
    count = 0
    while count < min(len(left), len(right)) and left[count] == right[count]:
        count += 1
    return count
