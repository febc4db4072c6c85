"""Pages of items."""


class Pager:
    def __init__(self, items, size=10):
        self.items = items
        self.size = size

    @property
    def count(self):
        return len(self.items) // self.size

    def page(self, number):
        if not 1 <= number <= self.count:
            raise IndexError(number)
        start = (number - 1) * self.size
        return self.items[start : start + self.size]

    def all(self):
        return [self.page(n) for n in range(1, self.count + 1)]

    def neighbours(self, number):
        before = number - 1 if number > 1 else None
        after = number + 1 if number < self.count else None
        return before, after


def pages(items, size):
    return Pager(items, size).all()
