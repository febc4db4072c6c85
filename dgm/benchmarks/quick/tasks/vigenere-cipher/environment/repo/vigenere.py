"""The Vigenere cipher, and the Caesar cipher as its simplest case."""

from collections import Counter

ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def shifted(letter, distance):
    """Move a letter along the alphabet, keeping its case; the alphabet is a ring."""
    position = (ALPHABET.index(letter.lower()) + distance) % len(ALPHABET)
    moved = ALPHABET[position]
    return moved.upper() if letter.isupper() else moved


def is_letter(char):
    return char.lower() in ALPHABET and len(char) == 1


def distances(key):
    """The shift that each letter of a key stands for: a is 0, b is 1 ..."""
    if not key or not all(is_letter(char) for char in key):
        raise ValueError(f"the key must consist of letters: {key!r}")
    return [ALPHABET.index(char.lower()) for char in key]


def translate(text, shifts):
    """Move the letters of a text by the shifts in turn.

    Whatever is no letter stays as it is and uses up no shift.
    """
    result = []
    turn = 0
    for char in text:
        if is_letter(char):
            char = shifted(char, shifts[turn % len(shifts)])
        turn += 1
        result.append(char)
    return "".join(result)


def encrypt(text, key):
    return translate(text, distances(key))


def decrypt(text, key):
    return translate(text, [-distance for distance in distances(key)])


def caesar(text, distance):
    """Move every letter by the same distance, which may be negative."""
    return translate(text, [distance])


def crack_caesar(text):
    """Guess the distance of a Caesar cipher: the most frequent letter stands for `e`.

    Of equally frequent letters the first of the alphabet counts. A text without letters gives 0.
    """
    counts = Counter(char.lower() for char in text if is_letter(char))
    if not counts:
        return 0
    most = max(sorted(counts), key=lambda letter: counts[letter])
    return (ALPHABET.index(most) - ALPHABET.index("e")) % len(ALPHABET)
