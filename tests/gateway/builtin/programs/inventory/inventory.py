"""What is in the store."""


class Store:
    def __init__(self, minimum=None):
        self.stock = {}
        self.minimum = minimum or {}

    def add(self, item, count=1):
        self.stock[item] = self.stock.get(item, 0) + count

    def take(self, item, count=1):
        if self.stock.get(item, 0) < count:
            return False
        self.stock[item] -= count
        if self.stock[item] == 0:
            del self.stock[item]
        return True

    def short(self):
        low = []
        for item, least in self.minimum.items():
            if self.stock[item] < least:
                low.append((item, least - self.stock.get(item, 0)))
        return sorted(low)


def report(minimum, items):
    store = Store(minimum)
    for item in items:
        store.add(item)
    return store.short()
