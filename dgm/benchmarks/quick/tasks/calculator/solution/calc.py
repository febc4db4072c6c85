"""Work out expressions such as `2 * (x + 1) ^ 2`."""

import re

TOKEN = re.compile(r"\s*(?:(\d+\.\d+|\d+)|([A-Za-z_]\w*)|([-+*/^()]))")
END = ("end", "")


class CalcError(ValueError):
    """An expression that cannot be worked out."""


def tokenize(text):
    """Return (kind, text) pairs: kind is "number", "name" or "sign"; END comes last."""
    text = text.rstrip()
    tokens = []
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise CalcError("cannot read %r" % text[position:].strip())
        kind = ("number", "name", "sign")[match.lastindex - 1]
        tokens.append((kind, match.group(match.lastindex)))
        position = match.end()
    return tokens + [END]


def apply(sign, left, right):
    """Return the result of one operation."""
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    if right == 0 if sign == "/" else left == 0 and right < 0:
        raise CalcError("division by zero")
    return left / right if sign == "/" else left**right


class Calculation:
    """One pass over the tokens of an expression."""

    def __init__(self, text, names):
        self._tokens = tokenize(text)
        self._names = names

    def result(self):
        """Return the value of the whole expression."""
        value = self._sum()
        if self._tokens[0] != END:
            raise CalcError("unexpected %r" % self._tokens[0][1])
        return value

    def _take(self, *signs):
        """Return the next token's text and go on, if it is one of the signs; else None."""
        kind, text = self._tokens[0]
        if kind == "sign" and text in signs:
            self._tokens.pop(0)
            return text
        return None

    def _sum(self):
        value = self._product()
        sign = self._take("+", "-")
        while sign:
            value = apply(sign, value, self._product())
            sign = self._take("+", "-")
        return value

    def _product(self):
        value = self._signed()
        sign = self._take("*", "/")
        while sign:
            value = apply(sign, value, self._signed())
            sign = self._take("*", "/")
        return value

    def _signed(self):
        if self._take("-"):
            return -self._signed()
        return self._power()

    def _power(self):
        value = self._single()
        return apply("^", value, self._signed()) if self._take("^") else value

    def _single(self):
        """Return the value of a number, a name or an expression in parentheses."""
        if self._take("("):
            value = self._sum()
            if not self._take(")"):
                raise CalcError("a parenthesis is not closed")
            return value
        kind, text = self._tokens[0]
        if kind == "number":
            value = float(text) if "." in text else int(text)
        elif kind == "name" and text in self._names:
            value = self._names[text]
        else:
            raise CalcError("unexpected %r" % text)
        self._tokens.pop(0)
        return value


def calculate(text, names=None):
    """Return the value of an expression; `names` are the values of names in it."""
    return Calculation(text, names or {}).result()
