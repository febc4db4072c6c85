"""Processes of the host, as attacks leave them: counted, found by a mark, waited for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path


def processes_of_host() -> int:
    """How many there are, those in sandboxes included."""
    return len([path for path in Path("/proc").iterdir() if path.name.isdigit()])


def marked(mark: str) -> set[int]:
    """Those whose command line ends with a mark, those in sandboxes included."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes().endswith(mark.encode() + b"\0"):
                found.add(int(path.parts[2]))
    return found


def wait_until(is_true: Callable[[], object], patience_s: float = 20.0) -> None:
    """Wait for what must come about."""
    end = time.monotonic() + patience_s
    while not is_true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
