"""A machine that sells."""

COINS = [1, 2, 5, 10, 20, 50]


def change(amount):
    coins = []
    for coin in COINS:
        while amount >= coin:
            coins.append(coin)
            amount -= coin
    return coins


class Machine:
    def __init__(self, prices):
        self.prices = prices
        self.credit = 0
        self.sold = []

    def insert(self, coin):
        if coin not in COINS:
            return False
        self.credit += coin
        return True

    def choose(self, item):
        price = self.prices[item]
        if self.credit < price:
            return None
        rest = change(self.credit - price)
        self.sold.append(item)
        self.credit = 0
        return rest


def buy(price, coins):
    machine = Machine({"x": price})
    for coin in coins:
        machine.insert(coin)
    return machine.choose("x")
