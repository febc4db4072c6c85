"""The lines by which an evaluation script tells where the output of the tests begins and ends.

The package finds them in the log by their text, which anybody can print. So each trial runs the
script with a word in them that was drawn for it, and of the log only those marks are left that bear
the word: what a patch prints while it is installed, or in place of the end, is text like any other.
Not covered: a patch that reads the word from the script that runs it; what it prints among the
tests is for `grading.py` to doubt.
"""

from __future__ import annotations

import re

_SIGN = ">>>>>"
_HEADS = ("Start Test Output", "End Test Output", "Test Exit Code")


def marked(script: str, word: str) -> str:
    """Return a script whose marks bear a word."""
    for head in _HEADS:
        script = script.replace(f"{_SIGN} {head}", f"{_SIGN} {head} {word}")
    return script


def unmarked(log: str, word: str) -> str:
    """Return a log as the package reads it: the marks with the word, and none without it."""
    genuine = re.compile(rf"{_SIGN} ({'|'.join(_HEADS)}) {word}")
    pieces = genuine.split(log)
    texts = [text.replace(_SIGN, ">>>>") for text in pieces[::2]]
    heads = [f"{_SIGN} {head}" for head in pieces[1::2]]
    return "".join(part for pair in zip(texts, [*heads, ""], strict=True) for part in pair)


def has_begun(log: str) -> bool:
    """Whether a log that `unmarked` returned got as far as the tests."""
    return f"{_SIGN} {_HEADS[0]}" in log
