"""Convert between integers and Roman numerals."""

SYMBOLS = (
    ("M", 1000), ("CM", 900), ("D", 500), ("CD", 400),
    ("C", 100), ("XC", 90), ("L", 50), ("XL", 40),
    ("X", 10), ("IX", 9), ("V", 5), ("IV", 4), ("I", 1),
)
VALUES = {symbol: value for symbol, value in SYMBOLS if len(symbol) == 1}


def to_roman(number):
    """Return the numeral of a number from 1 to 3999; ValueError for any other."""
    if not 1 <= number <= 3999:
        raise ValueError("no numeral for %d" % number)
    numeral = ""
    for symbol, value in SYMBOLS:
        count, number = divmod(number, value)
        numeral += symbol * count
    return numeral


def from_roman(numeral):
    """Return the number behind a numeral, in capital or small letters.

    ValueError if it is not written in the usual form, the one `to_roman` gives.
    """
    letters = numeral.upper()
    if not letters or any(letter not in VALUES for letter in letters):
        raise ValueError("not a numeral: %r" % numeral)
    values = [VALUES[letter] for letter in letters]
    total = values[-1]
    for value, following in zip(values, values[1:]):
        if following > value:
            total -= value
        else:
            total += value
    if not 1 <= total <= 3999 or to_roman(total) != letters:
        raise ValueError("not a usual numeral: %r" % numeral)
    return total
