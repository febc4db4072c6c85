"""Run-length coding of text that has no digits in it."""


def runs(text):
    """Yield (character, length) for each run of equal characters."""
    previous, length = "", 0
    for character in text:
        if character == previous:
            length += 1
            continue
        if length:
            yield previous, length
        previous, length = character, 1
    if length:
        yield previous, length


def encode(text):
    """Return the packed form of a text; ValueError if the text has digits."""
    if any(character.isdigit() for character in text):
        raise ValueError("cannot pack a text with digits")
    return "".join(
        (str(length) if length > 1 else "") + character for character, length in runs(text)
    )


def decode(packed):
    """Return the text behind a packed form; ValueError if it ends in a number."""
    text, count = "", 0
    for character in packed:
        if character.isdigit():
            count = count * 10 + int(character)
        else:
            text += character * (count or 1)
            count = 0
    if packed[-1:].isdigit():
        raise ValueError("a count without a character at the end: %d" % count)
    return text
