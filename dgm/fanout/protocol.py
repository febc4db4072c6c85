"""What an engine for independent work promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Done(Generic[Result]):
    """A finished job: its ticket and either its result or the exception that ended it."""

    ticket: int
    result: Result | None = None
    error: BaseException | None = None


class FanOut(Protocol[Result]):
    """Runs jobs at the same time. Used from one thread; a context manager."""

    @property
    def capacity(self) -> int:
        """How many jobs run at the same time."""

    @property
    def in_flight(self) -> int:
        """Jobs submitted and not yet handed out by `wait`."""

    def submit(self, job: Callable[[], Result]) -> int:
        """Start a job and return its ticket. With one worker, jobs run in order of submission."""

    def wait(self, timeout_s: float) -> Done[Result] | None:
        """Hand out one finished job, or None when the time is over. Never raises a job's error."""

    def __enter__(self) -> FanOut[Result]: ...

    def __exit__(self, *exc: object) -> None: ...
