"""Accounts."""


class Insufficient(Exception):
    pass


class Bank:
    def __init__(self):
        self.balances = {}

    def open(self, name, amount=0):
        self.balances[name] = amount

    def withdraw(self, name, amount):
        if amount > self.balances[name]:
            raise Insufficient(name)
        self.balances[name] -= amount

    def transfer(self, source, target, amount):
        self.withdraw(source, amount)
        if target not in self.balances:
            raise KeyError(target)
        self.balances[target] += amount


def run(moves):
    bank = Bank()
    bank.open("a", 10)
    bank.open("b")
    for source, target, amount in moves:
        try:
            bank.transfer(source, target, amount)
        except (KeyError, Insufficient):
            pass
    return bank.balances
