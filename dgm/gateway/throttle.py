"""How many calls a provider is asked at a time: fewer when it says it is too much, then more again.

Additive increase, multiplicative decrease: `limit` grows by one when about `limit` calls went well,
and halves when the provider complains, once for all calls that were under way together. Before the
first complaint it grows by one with every call, so that the room is soon found.

Source: D. Chiu, R. Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance
in Computer Networks" (1989).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dgm.errors import OverloadedError, ProviderError

_LEAST = 1.0


class Throttle:
    """The room for calls to one provider. Thread-safe.

    After a complaint nobody calls before the pause that came with it (`retry_after_s`) is over.
    """

    def __init__(
        self, start: int = 16, most: int = 256, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._changed = threading.Condition()
        self._limit, self._most = float(start), float(most)
        self._clock = clock
        self._under_way = 0
        self._epoch = 0
        self._opens_at = -float("inf")

    @property
    def limit(self) -> int:
        """How many calls may be under way."""
        return int(self._limit)

    @contextmanager
    def slot(self, deadline_s: float) -> Iterator[None]:
        """Wait for room, and hold it while the block makes one call; learn from how it ends.

        Raises: ProviderError if there is no room in time.
        """
        epoch = self._enter(self._clock() + deadline_s)
        try:
            yield
        except OverloadedError as error:
            self._shrink(epoch, error.retry_after_s or 0.0)
            raise
        else:
            self._grow()
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify(max(0, int(self._limit) - self._under_way))

    def _enter(self, end: float) -> int:
        with self._changed:
            while (pause := self._pause()) > 0:
                left = end - self._clock()
                if left <= 0 or self._opens_at > end:
                    raise ProviderError("the provider wants fewer calls than are waiting for it")
                self._changed.wait(min(pause, left))
            self._under_way += 1
            return self._epoch

    def _pause(self) -> float:
        """How long to wait before looking again; nothing if there is room."""
        if (closed_for := self._opens_at - self._clock()) > 0:
            return closed_for
        return 0.0 if self._under_way < int(self._limit) else float("inf")

    def _grow(self) -> None:
        with self._changed:
            step = 1 / self._limit if self._epoch else 1.0
            self._limit = min(self._most, self._limit + step)

    def _shrink(self, epoch: int, pause_s: float) -> None:
        with self._changed:
            self._opens_at = max(self._opens_at, self._clock() + pause_s)
            if epoch == self._epoch:  # else another call of the same time has said so already
                self._epoch += 1
                self._limit = max(_LEAST, self._limit / 2)
