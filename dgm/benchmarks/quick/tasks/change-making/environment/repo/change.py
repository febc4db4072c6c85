"""Give change with as few coins as possible."""


class CannotPay(ValueError):
    """The amount cannot be made from these coins."""


def check(coins):
    """Return the coins, largest first, each once; ValueError unless all are positive."""
    if any(coin <= 0 for coin in coins):
        raise ValueError(f"coins must be positive: {coins}")
    return sorted(set(coins), reverse=True)


def change(amount, coins):
    """Return {coin: how many}, largest coin first, with as few coins as possible.

    There is no limit on how often a coin is used. The amount 0 needs no coins. Raises CannotPay
    where no combination of the coins gives the amount, also for a negative amount.
    """
    coins = check(coins)
    if amount < 0:
        raise CannotPay(f"negative amount: {amount}")
    used = {}
    rest = amount
    for coin in coins:
        times, rest = divmod(rest, coin)
        if times:
            used[coin] = times
    if rest:
        raise CannotPay(f"{amount} cannot be made from {coins}")
    return used


def count(amount, coins):
    """The number of coins that the change takes."""
    return sum(change(amount, coins).values())


def describe(amount, coins):
    """The change as text, such as `2 x 20, 1 x 5`, or `nothing`."""
    used = change(amount, coins)
    return ", ".join(f"{times} x {coin}" for coin, times in used.items()) or "nothing"


def pay(price, given, coins):
    """The change for a customer who gives too much; CannotPay if it is too little."""
    if given < price:
        raise CannotPay(f"{given} is less than {price}")
    return change(given - price, coins)
