"""Tokens and a calculator."""


def tokenize(text):
    tokens = []
    number = ""
    for char in text:
        if char.isdigit() or char == ".":
            number += char
            continue
        if number:
            tokens.append(float(number))
            number = ""
        if char in "+-*/()":
            tokens.append(char)
        elif not char.isspace():
            raise ValueError(char)
    return tokens


def evaluate(text):
    tokens = tokenize(text)

    def factor():
        token = tokens.pop(0)
        if token == "(":
            value = expression()
            tokens.pop(0)
            return value
        return token

    def term():
        value = factor()
        while tokens and tokens[0] in ("*", "/"):
            if tokens.pop(0) == "*":
                value *= factor()
            else:
                value /= factor()
        return value

    def expression():
        value = term()
        while tokens and tokens[0] in ("+", "-"):
            if tokens.pop(0) == "+":
                value += term()
            else:
                value -= term()
        return value

    return expression()
