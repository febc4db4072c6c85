def totals(numbers):
    pass
