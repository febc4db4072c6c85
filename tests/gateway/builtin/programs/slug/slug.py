"""Names for web pages."""

import unicodedata


def plain(text):
    text = unicodedata.normalize("NFKD", text)
    return "".join(char for char in text if not unicodedata.combining(char))


def slug(text, limit=40):
    out = []
    for char in plain(text).lower():
        if char.isalnum():
            out.append(char)
        elif out:
            out.append("-")
    return "".join(out)[:limit].strip("-")


def unique(text, taken):
    base = slug(text)
    name = base
    number = 2
    while name in taken:
        name = f"{base}-{number}"
        number += 1
    return name
