"""Texts for people to read: the one rule for each, wherever they are stored or shown."""

from __future__ import annotations

TITLE_CHARS = 72


def shortened(line: str, width: int = TITLE_CHARS) -> str:
    """Cut a line to so many characters, between words if most of it can be kept so.

    What is cut ends in an ellipsis.
    """
    if len(line) <= width:
        return line
    kept = line[: width - 1]
    words = kept if line[width - 1].isspace() else kept.rpartition(" ")[0]
    return f"{(words if 2 * len(words) > width else kept).rstrip()}…"


def counted(number: int, noun: str, plural: str = "") -> str:
    """A count with its noun: `1 agent`, `1,200 agents`, `2 children` if the plural is given."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
