"""Processes of the host, as attacks leave them: found by a mark, watched, waited for."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path


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


class Watch(threading.Thread):
    """Looks for marked processes as long as its block runs; `most` were there at a time."""

    def __init__(self, mark: str) -> None:
        super().__init__()
        self.mark, self.seen, self.most = mark, set(), 0
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(0.02):
            found = marked(self.mark)
            self.seen |= found
            self.most = max(self.most, len(found))

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.is_over.set()
        self.join()
