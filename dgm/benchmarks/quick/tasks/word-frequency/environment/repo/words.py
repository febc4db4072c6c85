"""Count the words of a text, without stop words."""

from collections import Counter

STOP_WORDS = frozenset("the a an and or of to in on it is was".split())


def split_words(text):
    """Yield the words of a text in small letters."""
    word = ""
    for character in text.lower() + " ":
        if character.isalpha() or character == "'" and word:
            word += character
        elif word:
            yield word.rstrip("'")
            word = ""


def frequencies(text, shortest=1, stop_words=STOP_WORDS):
    """Return a Counter of the words with at least `shortest` letters that are no stop words."""
    return Counter(
        word for word in split_words(text) if len(word) > shortest and word not in stop_words
    )


def top(text, limit, shortest=1):
    """Return the most frequent words as (word, count), equally frequent ones by alphabet."""
    counted = frequencies(text, shortest).items()
    return sorted(counted, key=lambda pair: (-pair[1], pair[0]))[:limit]


def variety(text):
    """Return the share of different words among all words, stop words too; 0.0 for none."""
    words = list(split_words(text))
    return len(set(words)) / len(words) if words else 0.0
