"""Ten thousand calls to providers that fail in every way, and the books of both sides.

Prints a table, and fails if a call was lost, billed twice, or let through beyond the limit.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from dgm.records import Ceiling
from tests.upstream.storm import INPUT_TOKENS, MAX_TOKENS, check_books, run_storm

CALLS, AGENTS = 10_000, 50


def measure(what: str, ceiling: Ceiling | None) -> None:
    """Run one storm, check its books, print a row."""
    with tempfile.TemporaryDirectory(prefix="dgm-t-") as place:
        started = time.perf_counter()
        books = run_storm(CALLS, AGENTS, Path(place), ceiling)
        seconds = time.perf_counter() - started
    check_books(books, CALLS, ceiling)
    failed = ", ".join(f"{books.failures.count(kind)} {kind}" for kind in set(books.failures))
    limit = ceiling.tokens if ceiling else "none"
    print(
        f"| {what} | {len(books.statuses)} | {books.upstream_calls} | {books.replies} "
        f"| {failed or 'none'} | {books.spent.tokens} | {limit} | {seconds:.0f} |",
        flush=True,
    )


def main() -> None:
    """Measure without and with a limit that is reached."""
    print("\n| storm | calls | upstream calls | answered | failed | tokens spent | limit | s |")
    print("|---|---|---|---|---|---|---|---|")
    measure("no limit", None)
    measure("limit", Ceiling(tokens=CALLS * (INPUT_TOKENS + MAX_TOKENS) // 5))


if __name__ == "__main__":
    main()
