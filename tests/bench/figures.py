"""How the benches print what they measured: a Markdown table of medians and quartiles."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def timed(times_s: list[float]) -> Iterator[None]:
    """Add the seconds a `with` block takes to a list."""
    started = time.perf_counter()
    try:
        yield
    finally:
        times_s.append(time.perf_counter() - started)


def repeat(times: int, work: Callable[[], object]) -> list[float]:
    """Do something over and over; return the seconds of each time."""
    times_s: list[float] = []
    for _ in range(times):
        with timed(times_s):
            work()
    return times_s


def print_head(what: str) -> None:
    """Begin a table of times."""
    print(f"\n| {what} | n | median ms | quartiles ms | all ms |\n|---|---|---|---|---|")


def print_times(what: str, times_s: Sequence[float]) -> None:
    """Print one row; it takes two times at least."""
    low, median, high = (1e3 * cut for cut in statistics.quantiles(times_s, method="inclusive"))
    best, worst = 1e3 * min(times_s), 1e3 * max(times_s)
    print(
        f"| {what} | {len(times_s)} | {median:.1f} | {low:.1f} to {high:.1f} "
        f"| {best:.1f} to {worst:.1f} |",
        flush=True,
    )
