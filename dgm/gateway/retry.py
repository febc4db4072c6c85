"""Try a model call again: bounded exponential back-off with full jitter.

Source: M. Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from dgm.errors import ProviderError
from dgm.gateway.protocol import BrokenAnswerError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retry:
    """At most `attempts` tries; before try n + 1 sleep uniform(0, min(cap_s, base_s * 2^n)).

    Where the provider says when to come back, sleep until then and a moment more. No sleep goes
    past the deadline of the call, and an answer that was paid for and broken is asked for
    `paid_attempts` times at most: then the last error stands.
    """

    random: Random
    attempts: int = 8
    paid_attempts: int = 3
    base_s: float = 0.5
    cap_s: float = 30.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, call: Callable[[float], T], *, deadline_s: float) -> T:
        """Return what `call` returns; it is told how many seconds are left.

        Raises: ProviderError, the last one, when the tries or the time are used up.
        """
        end = self.clock() + deadline_s
        paid = 0
        for failures in range(self.attempts - 1):
            try:
                return call(end - self.clock())
            except ProviderError as error:
                paid += isinstance(error, BrokenAnswerError)
                pause = self._pause(error, failures)
                is_last = error.is_final or paid >= self.paid_attempts
                if is_last or self.clock() + pause >= end:
                    raise
                self.sleep(pause)
        return call(end - self.clock())

    def _pause(self, error: ProviderError, failures: int) -> float:
        if error.retry_after_s is not None:
            return error.retry_after_s + self.random.uniform(0.0, self.base_s)
        return self.random.uniform(0.0, min(self.cap_s, self.base_s * 2**failures))
