"""The shopping cart and what has to be paid for it."""

SHIPPING = 490
FREE_SHIPPING_FROM = 5000


class Item:
    """A number of equal goods."""

    def __init__(self, name, category, price, quantity):
        self.name = name
        self.category = category
        self.price = price
        self.quantity = quantity

    def full_price(self):
        return self.price * self.quantity


class Cart:
    """Items by name, and the discounts that apply."""

    def __init__(self, discounts=()):
        self.discounts = list(discounts)
        self._items = {}

    def add(self, name, category, price, quantity=1):
        """Put goods into the cart; more of the same name adds to their quantity."""
        if price < 0 or quantity < 1:
            raise ValueError("bad price or quantity for %s" % name)
        if name in self._items:
            self._items[name].quantity += quantity
        else:
            self._items[name] = Item(name, category, price, quantity)

    def remove(self, name, quantity=1):
        """Take goods out again; KeyError if there are none, all if there are fewer."""
        item = self._items[name]
        item.quantity -= quantity
        if item.quantity <= 0:
            del self._items[name]

    def items(self):
        """Return the items in the order in which they were added."""
        return list(self._items.values())

    def subtotal(self):
        """Return the sum of the full prices."""
        return sum(item.full_price() for item in self._items.values())

    def discount(self):
        """Return what the discounts take off in all."""
        items = self.items()
        return min(self.subtotal(), sum(discount.amount(items) for discount in self.discounts))

    def shipping(self):
        """Return the cost of shipping."""
        left = self.subtotal()
        if not self._items or left >= FREE_SHIPPING_FROM:
            return 0
        return SHIPPING

    def total(self):
        """Return what has to be paid."""
        return self.subtotal() - self.discount() + self.shipping()
