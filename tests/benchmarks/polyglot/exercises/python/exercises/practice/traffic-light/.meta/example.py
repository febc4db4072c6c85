NEXT = {"red": "green", "green": "yellow", "yellow": "red"}


def after(colour):
    if colour not in NEXT:
        raise ValueError("no such colour")
    return NEXT[colour]
