"""Matrices as lists of rows."""


def transpose(rows):
    return [list(column) for column in zip(*rows)]


def multiply(a, b):
    columns = transpose(b)
    return [[sum(x * y for x, y in zip(row, column)) for column in columns] for row in a]


def determinant(rows):
    rows = [list(map(float, row)) for row in rows]
    size = len(rows)
    sign = 1
    for at in range(size):
        pivot = max(range(at, size), key=lambda r: abs(rows[r][at]))
        if rows[pivot][at] == 0:
            return 0.0
        if pivot != at:
            rows[pivot], rows[at] = rows[at], rows[pivot]
            sign = -1
        for below in range(at + 1, size):
            factor = rows[below][at] / rows[at][at]
            for column in range(at, size):
                rows[below][column] -= factor * rows[at][column]
    result = float(sign)
    for at in range(size):
        result *= rows[at][at]
    return result
