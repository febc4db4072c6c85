"""Printing: the only place where text of models and agents meets a terminal."""

from __future__ import annotations

import json
import sys
from typing import Any

_KEPT = {"\n", "\t"}


def clean(text: str) -> str:
    """Drop control characters (C0, C1, bidirectional overrides): no text moves the cursor."""
    return "".join(char for char in text if char in _KEPT or char.isprintable())


def say(text: str = "") -> None:
    """Print a line of text, cleaned."""
    sys.stdout.write(clean(text) + "\n")


def say_json(value: Any) -> None:  # noqa: ANN401 - anything JSON can hold
    """Print JSON; control characters are escaped by it."""
    sys.stdout.write(json.dumps(value, indent=1) + "\n")


def seconds(value: float) -> str:
    """A duration as people read it."""
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def thousands(value: int) -> str:
    """A count as people read it."""
    return f"{value:,}"
