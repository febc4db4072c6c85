"""Roman numerals."""

VALUES = [
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
]


def to_roman(number):
    if number <= 0:
        raise ValueError(number)
    out = []
    for value, letters in VALUES:
        while number > value:
            out.append(letters)
            number -= value
    return "".join(out)


def from_roman(text):
    values = dict((letters, value) for value, letters in VALUES)
    total = 0
    at = 0
    while at < len(text):
        pair = text[at : at + 2]
        if pair in values and len(pair) == 2:
            total += values[pair]
            at += 2
        else:
            total += values[text[at]]
            at += 1
    return total
