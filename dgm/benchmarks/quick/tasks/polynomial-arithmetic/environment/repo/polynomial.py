"""Polynomials with whole coefficients, written as `3x^2 - x + 5`."""

import re

TERM = re.compile(r"([+-]?)(\d*)(x?)(?:\^(\d+))?")


class Polynomial:
    """Coefficients in ascending order: index 2 is the one of x^2. The last is never zero."""

    def __init__(self, coefficients=()):
        self.coefficients = list(coefficients)
        while self.coefficients and self.coefficients[-1] == 0:
            self.coefficients.pop()

    @classmethod
    def parse(cls, text):
        """Read `3x^2 - x + 5`; terms may come in any order and more than once."""
        compact = text.replace(" ", "")
        found = {}
        position = 0
        while position < len(compact):
            match = TERM.match(compact, position)
            sign, digits, variable, power = match.groups()
            is_first = position == 0
            if not (digits or variable) or (power and not variable) or not (sign or is_first):
                raise ValueError(f"not a polynomial: {text!r}")
            exponent = int(power or 1) if variable else 0
            value = int(digits or 1) * (-1 if sign == "-" else 1)
            found[exponent] = found.get(exponent, 0) + value
            position = match.end()
        return cls(found.get(exponent, 0) for exponent in range(max(found, default=-1) + 1))

    @property
    def degree(self):
        """The highest exponent; -1 for the polynomial zero."""
        return len(self.coefficients) - 1

    def __eq__(self, other):
        return self.coefficients == other.coefficients

    def __add__(self, other):
        size = max(len(self.coefficients), len(other.coefficients))
        return Polynomial(self._at(i) + other._at(i) for i in range(size))

    def __mul__(self, other):
        product = [0] * (len(self.coefficients) + len(other.coefficients))
        for i, left in enumerate(self.coefficients):
            for j, right in enumerate(other.coefficients):
                product[i + j] = left * right
        return Polynomial(product)

    def __call__(self, x):
        """The value at x."""
        value = 0
        for coefficient in reversed(self.coefficients):
            value = value * x + coefficient
        return value

    def derivative(self):
        return Polynomial(i * c for i, c in enumerate(self.coefficients) if i > 0)

    def _at(self, exponent):
        return self.coefficients[exponent] if exponent <= self.degree else 0

    def __str__(self):
        """Highest power first; coefficients of 1 and powers of 1 are not written."""
        text = ""
        for exponent in range(self.degree, -1, -1):
            coefficient = self.coefficients[exponent]
            if coefficient == 0:
                continue
            sign = "-" if coefficient < 0 else "+"
            size = abs(coefficient)
            number = "" if size == 1 and exponent > 0 else str(size)
            power = {0: "", 1: "x"}.get(exponent, f"x^{exponent}")
            text += f" {sign} {number}{power}"
        if not text:
            return "0"
        return text[3:] if text.startswith(" +") else "-" + text[3:]
