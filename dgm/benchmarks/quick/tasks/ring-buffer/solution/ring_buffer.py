"""A buffer of fixed capacity that forgets its oldest item when it is full."""


class RingBuffer:
    """Holds at most `capacity` items, oldest first."""

    def __init__(self, capacity):
        if capacity < 1:
            raise ValueError("capacity must be positive")
        self.capacity = capacity
        self._slots = [None] * capacity
        self._start = 0
        self._size = 0

    def __len__(self):
        return self._size

    def push(self, item):
        """Append an item; when full, the oldest one is dropped and returned, else None."""
        end = (self._start + self._size) % self.capacity
        dropped = self._slots[end]
        self._slots[end] = item
        if self._size < self.capacity:
            self._size += 1
            return None
        self._start = (self._start + 1) % self.capacity
        return dropped

    def pop(self):
        """Remove and return the oldest item; IndexError when empty."""
        if self._size == 0:
            raise IndexError("pop from an empty buffer")
        item = self._slots[self._start]
        self._start = (self._start + 1) % self.capacity
        self._size -= 1
        return item

    def items(self):
        """All items, oldest first, as a list."""
        return [self._slots[(self._start + i) % self.capacity] for i in range(self._size)]
