"""Find the first bracket of a text that has no partner."""

PARTNERS = {")": "(", "]": "[", "}": "{"}


def brackets(text):
    """Yield (position, bracket) for each bracket outside of double quotes."""
    quoted = False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "()[]{}":
            yield position, character


def first_problem(text):
    """Return (position, message) of the first problem, or None.

    A closing bracket without its partner is reported at once; if all of those are right, the
    leftmost bracket that is never closed is reported.
    """
    waiting = []
    for position, bracket in brackets(text):
        if bracket not in PARTNERS:
            waiting.append((position, bracket))
        elif not waiting:
            return position, "nothing to close: " + bracket
        elif waiting[-1][1] != PARTNERS[bracket]:
            return position, "does not fit: " + bracket
        else:
            waiting.pop()
    if waiting:
        position, bracket = waiting[0]
        return position, "never closed: " + bracket
    return None


def depth(text):
    """Return how deep the brackets of a text without problems are nested."""
    level = deepest = 0
    for _, bracket in brackets(text):
        level += -1 if bracket in PARTNERS else 1
        deepest = max(deepest, level)
    return deepest
