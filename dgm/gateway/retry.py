"""Try a model call again: bounded exponential back-off with full jitter."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from dgm.errors import ProviderError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retry:
    """At most `attempts` tries; before try n + 1 sleep uniform(0, min(cap_s, base_s * 2^n)).

    No sleep goes past the deadline of the call: then the last error stands.
    """

    random: Random
    attempts: int = 4
    base_s: float = 0.5
    cap_s: float = 30.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, call: Callable[[], T], *, deadline_s: float) -> T:
        """Return what `call` returns.

        Raises: ProviderError, the last one, when the tries or the time are used up.
        """
        end = self.clock() + deadline_s
        for failures in range(self.attempts - 1):
            try:
                return call()
            except ProviderError:
                pause = self.random.uniform(0.0, min(self.cap_s, self.base_s * 2**failures))
                if self.clock() + pause >= end:
                    raise
                self.sleep(pause)
        return call()
