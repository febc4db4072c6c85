"""Kinds of discounts; `amount(items)` is what they take off the full prices."""


class BuyGetFree:
    """For every `buy` pieces paid of an item, `free` further ones cost nothing."""

    def __init__(self, name, buy, free=1):
        self.name = name
        self.buy = buy
        self.free = free

    def amount(self, items):
        saved = 0
        for item in items:
            if item.name == self.name:
                saved += item.quantity // self.buy * self.free * item.price
        return saved


class CategoryPercent:
    """A percentage off all items of a category, rounded down to whole cents."""

    def __init__(self, category, percent):
        self.category = category
        self.percent = percent

    def amount(self, items):
        full = sum(item.full_price() for item in items if item.category == self.category)
        return full * self.percent // 100


class Voucher:
    """A fixed amount off, if the full prices sum up to a minimum."""

    def __init__(self, value, minimum=0):
        self.value = value
        self.minimum = minimum

    def amount(self, items):
        full = sum(item.full_price() for item in items)
        return self.value if full >= self.minimum else 0
