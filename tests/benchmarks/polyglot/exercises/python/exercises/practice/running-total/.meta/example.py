from itertools import accumulate


def totals(numbers):
    return list(accumulate(numbers))
