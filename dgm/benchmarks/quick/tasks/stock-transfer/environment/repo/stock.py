"""The stock of several warehouses, with reservations."""


class StockError(Exception):
    """Something that the stock does not allow."""


class Reservation:
    """Goods that are kept back for an order."""

    def __init__(self, order, item, place, quantity):
        self.order = order
        self.item = item
        self.place = place
        self.quantity = quantity


class Stock:
    """Quantities by item and warehouse."""

    def __init__(self):
        self._quantities = {}
        self._reservations = []

    def on_hand(self, item, place):
        """Return how much is in a warehouse, reserved or not."""
        return self._quantities.get((item, place), 0)

    def reserved(self, item, place):
        """Return how much of the stock in a warehouse is reserved."""
        return sum(
            reservation.quantity
            for reservation in self._reservations
            if reservation.item == item and reservation.place == place
        )

    def available(self, item, place):
        """Return how much in a warehouse is not reserved."""
        return self.on_hand(item, place) - self.reserved(item, place)

    def receive(self, item, place, quantity):
        """Add goods to a warehouse."""
        if quantity <= 0:
            raise StockError("not a quantity: %r" % quantity)
        self._quantities[item, place] = self.on_hand(item, place) + quantity

    def remove(self, item, place, quantity):
        """Take available goods out of a warehouse."""
        if quantity <= 0:
            raise StockError("not a quantity: %r" % quantity)
        if quantity > self.available(item, place):
            raise StockError("only %d %s in %s" % (self.available(item, place), item, place))
        self._quantities[item, place] -= quantity

    def transfer(self, item, source, target, quantity):
        """Move available goods from one warehouse to another."""
        self._move(item, quantity, target, source)

    def balance(self, item, first, second):
        """Move goods so that two warehouses have the same available; the first keeps an odd one."""
        surplus = self.available(item, first) - self.available(item, second)
        if surplus >= 2:
            self._move(item, surplus // 2, first, second)
        elif surplus < 0:
            self._move(item, (1 - surplus) // 2, second, first)

    def _move(self, item, quantity, source, target):
        self.remove(item, source, quantity)
        self.receive(item, target, quantity)

    def reserve(self, order, item, place, quantity):
        """Keep available goods back for an order."""
        if quantity <= 0:
            raise StockError("not a quantity: %r" % quantity)
        if quantity > self.available(item, place):
            raise StockError("only %d %s in %s" % (self.available(item, place), item, place))
        self._reservations.append(Reservation(order, item, place, quantity))

    def release(self, order):
        """End the reservations of an order and return them; StockError if it has none."""
        found = [reservation for reservation in self._reservations if reservation.order == order]
        if not found:
            raise StockError("nothing is reserved for order %s" % order)
        self._reservations = [r for r in self._reservations if r.order != order]
        return found

    def ship(self, order):
        """Take the reserved goods of an order out of stock; return the quantity in all."""
        shipped = 0
        for reservation in self.release(order):
            self.remove(reservation.item, reservation.place, reservation.quantity)
            shipped += reservation.quantity
        return shipped
