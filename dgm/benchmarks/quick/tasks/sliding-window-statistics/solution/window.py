"""Statistics of the last few values of a stream."""

from bisect import bisect_left, insort
from collections import deque


class Window:
    """Keeps the last `size` values and knows their statistics at any time."""

    def __init__(self, size):
        if size < 1:
            raise ValueError("the window needs a size of at least 1")
        self.size = size
        self._values = deque()
        self._ordered = []
        self._falling = deque()
        self._total = 0

    def __len__(self):
        return len(self._values)

    def push(self, value):
        """Take a value in; once the window is full, the oldest value leaves."""
        if len(self._values) == self.size:
            self._drop_oldest()
        self._values.append(value)
        insort(self._ordered, value)
        self._total += value
        while self._falling and self._falling[-1] < value:
            self._falling.pop()
        self._falling.append(value)

    def _drop_oldest(self):
        oldest = self._values.popleft()
        del self._ordered[bisect_left(self._ordered, oldest)]
        self._total -= oldest
        if self._falling[0] == oldest:
            self._falling.popleft()

    def mean(self):
        """The arithmetic mean, or None while the window is empty."""
        return self._total / len(self._values) if self._values else None

    def maximum(self):
        """The largest value, or None while the window is empty."""
        return self._falling[0] if self._falling else None

    def median(self):
        """The middle value, or the mean of the two in the middle; None while empty."""
        count = len(self._ordered)
        if count == 0:
            return None
        middle = count // 2
        if count % 2 == 1:
            return self._ordered[middle]
        return (self._ordered[middle - 1] + self._ordered[middle]) / 2

    def spread(self):
        """The largest minus the smallest value, or None while the window is empty."""
        return self._ordered[-1] - self._ordered[0] if self._ordered else None


def smoothed(values, size):
    """The running mean of a sequence, as long as the sequence itself."""
    window = Window(size)
    means = []
    for value in values:
        window.push(value)
        means.append(window.mean())
    return means


def peaks(values, size):
    """The running maximum of a sequence, from the first full window on."""
    window = Window(size)
    found = []
    for value in values:
        window.push(value)
        if len(window) == size:
            found.append(window.maximum())
    return found
