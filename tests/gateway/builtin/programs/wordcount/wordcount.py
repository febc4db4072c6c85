"""Count words."""

import re
from collections import Counter


def words(text):
    return re.findall(r"[A-Za-z']+", text)


def count(text, ignore=()):
    seen = Counter()
    for word in words(text):
        if word not in ignore:
            seen[word] += 1
    return dict(seen)


def top(text, n):
    items = sorted(count(text).items(), key=lambda item: (-item[1], item[0]))
    return [word for word, _ in items[:n]]
