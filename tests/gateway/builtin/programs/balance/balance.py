"""Brackets."""

PAIRS = {")": "(", "]": "[", "}": "{"}


def is_balanced(text):
    open_ = []
    for char in text:
        if char in PAIRS.values():
            open_.append(char)
        elif char in PAIRS:
            if not open_ or open_.pop() != PAIRS[char]:
                return False
    return True


def depth(text):
    deepest = level = 0
    for char in text:
        if char in PAIRS.values():
            level += 1
            deepest = max(deepest, level)
        elif char in PAIRS:
            level -= 1
    return deepest
