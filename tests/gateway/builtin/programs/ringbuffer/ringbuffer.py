"""A buffer of fixed size that overwrites its oldest entries."""


class Ring:
    def __init__(self, size):
        self.size = size
        self.items = [None] * size
        self.head = 0
        self.count = 0

    def push(self, item):
        self.items[(self.head + self.count) % self.size] = item
        if self.count < self.size:
            self.count += 1

    def pop(self):
        if self.count == 0:
            raise IndexError("empty")
        item = self.items[self.head]
        self.head = (self.head + 1) % self.size
        self.count -= 1
        return item

    def read(self):
        return [self.items[(self.head + n) % self.size] for n in range(self.count)]


def filled(size, items):
    ring = Ring(size)
    for item in items:
        ring.push(item)
    return ring.read()
