"""Long work told line by line: each step, and of a step's own log a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable

Say = Callable[[str], None]


def seldom(say: Say, pause_s: float = 3.0) -> Say:
    """Let a line through, indented, when so many seconds have passed since the last one."""
    said_at = time.monotonic()

    def say_seldom(line: str) -> None:
        nonlocal said_at
        if line and time.monotonic() - said_at >= pause_s:
            said_at = time.monotonic()
            say(f"  {line}")

    return say_seldom
