"""Work spread over threads of this process: agents run in processes of their own anyway."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from queue import Empty, SimpleQueue
from typing import Generic

from dgm.fanout.protocol import Done, Result


class ThreadFanOut(Generic[Result]):
    """A pool of `capacity` threads. Leaving it does not wait for jobs that still run."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.in_flight = 0
        self._tickets = count()
        self._done: SimpleQueue[Done[Result]] = SimpleQueue()
        self._pool = ThreadPoolExecutor(capacity, thread_name_prefix="dgm-worker")

    def submit(self, job: Callable[[], Result]) -> int:
        """Start a job and return its ticket."""
        ticket = next(self._tickets)
        self.in_flight += 1
        self._pool.submit(self._run, ticket, job)
        return ticket

    def wait(self, timeout_s: float) -> Done[Result] | None:
        """Hand out one finished job, or None when the time is over."""
        try:
            done = self._done.get(timeout=timeout_s)
        except Empty:
            return None
        self.in_flight -= 1
        return done

    def __enter__(self) -> ThreadFanOut[Result]:
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, ticket: int, job: Callable[[], Result]) -> None:
        try:
            self._done.put(Done(ticket, result=job()))
        except BaseException as error:  # noqa: BLE001 - the border: the error is handed out
            self._done.put(Done(ticket, error=error))
