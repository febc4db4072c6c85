"""Long work told line by line with the time since its start, never silent for long."""

from __future__ import annotations

import threading
import time
from typing import TextIO

from dgm.cli.output import one_line

_SILENCE_S = 5.0
_LOOK_S = 0.5


class Progress:
    """Prints what it is called with, and a sign of life where that leaves a silence."""

    def __init__(self, into: TextIO, silence_s: float = _SILENCE_S) -> None:
        self._into = into
        self._silence_s = silence_s
        self._began = self._spoke_at = time.monotonic()
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._watch = threading.Thread(target=self._break_silence, name="dgm-progress")

    def __call__(self, text: str) -> None:
        """Print a line."""
        with self._lock:
            self._spoke_at = time.monotonic()
            indent = " " * (len(text) - len(text.lstrip()))
            elapsed = self._spoke_at - self._began
            self._into.write(f"{elapsed:6.1f} s  {indent}{one_line(text)}\n")
            self._into.flush()

    def __enter__(self) -> Progress:
        self._watch.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._is_over.set()
        self._watch.join()

    def _break_silence(self) -> None:
        while not self._is_over.wait(min(_LOOK_S, self._silence_s)):
            if time.monotonic() - self._spoke_at >= self._silence_s:
                self("  ...")
