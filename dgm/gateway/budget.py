"""Accounts that are asked before a model call and charged after it.

A call draws on several accounts, narrow to wide (`rollout/r00012`, `agent/a0003`, `run`). Its worst
case is reserved in all of them or in none, and settled with what it really consumed.

Covered: no number of threads spends beyond a ceiling, as long as no call exceeds its reservation.
Not covered: a call that turns out dearer than its worst case; it is charged in full, and the
accounts refuse from then on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dgm.errors import OverBudgetError
from dgm.records import Ceiling, Usage


@dataclass(slots=True)
class _Account:
    ceiling: Ceiling = field(default_factory=Ceiling)
    spent: Usage = field(default_factory=Usage)
    reserved: Usage = field(default_factory=Usage)

    def release(self, usage: Usage) -> None:
        rest = self.reserved + _negative(usage)
        self.reserved = rest if rest.calls else Usage()  # no call open: no rounding error left


@dataclass(frozen=True, slots=True, eq=False)
class Reservation:
    """A worst case held in some accounts until it is settled."""

    accounts: tuple[str, ...]
    worst: Usage


class Budget:
    """All accounts of a run. Thread-safe. An account nobody bounded has no limit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accounts: dict[str, _Account] = {}
        self._open: set[Reservation] = set()

    def set_ceiling(self, account: str, ceiling: Ceiling, spent: Usage | None = None) -> None:
        """Bound an account, and set what it has spent before if that is given."""
        with self._lock:
            entry = self._entry(account)
            entry.ceiling = ceiling
            if spent is not None:
                entry.spent = spent

    def reserve(self, accounts: Sequence[str], worst: Usage) -> Reservation:
        """Hold the worst case of a call in all accounts.

        Raises: OverBudgetError naming the first account it does not fit; then none holds it.
        """
        with self._lock:
            entries = [self._entry(name) for name in accounts]
            for name, entry in zip(accounts, entries, strict=True):
                _check(name, entry, worst)
            for entry in entries:
                entry.reserved += worst
            reservation = Reservation(tuple(accounts), worst)
            self._open.add(reservation)
            return reservation

    def settle(self, reservation: Reservation, actual: Usage) -> None:
        """Replace a reservation by what was consumed. Doing it twice is harmless."""
        with self._lock:
            if reservation not in self._open:
                return
            self._open.remove(reservation)
            for name in reservation.accounts:
                entry = self._entry(name)
                entry.release(reservation.worst)
                entry.spent += actual

    def spent(self, account: str) -> Usage:
        """Return what the settled calls of an account consumed."""
        with self._lock:
            return self._accounts.get(account, _Account()).spent

    def reserved(self, account: str) -> Usage:
        """Return what open calls hold of an account."""
        with self._lock:
            return self._accounts.get(account, _Account()).reserved

    def left(self, account: str) -> Ceiling:
        """Return what may still be reserved from an account; None is no limit."""
        with self._lock:
            entry = self._accounts.get(account, _Account())
        bounds = {name: max(0, most - taken) for name, most, taken in _limits(entry, Usage())}
        return Ceiling(**bounds)  # type: ignore[arg-type]

    def _entry(self, account: str) -> _Account:
        return self._accounts.setdefault(account, _Account())


def _check(name: str, entry: _Account, worst: Usage) -> None:
    for what, most, taken in _limits(entry, worst):
        if taken > most:
            raise OverBudgetError(
                name,
                f"the budget of {name} is spent: this call could bring it to {taken:,.6g} {what}, "
                f"the ceiling is {most:,.6g}",
            )


def _limits(entry: _Account, more: Usage) -> Iterator[tuple[str, float, float]]:
    """Yield each limit of an account: its name, the most, and what `more` would bring it to."""
    total = entry.spent + entry.reserved + more
    for what in ("tokens", "cost_usd", "calls"):
        if (most := getattr(entry.ceiling, what)) is not None:
            yield what, most, getattr(total, what)


def _negative(usage: Usage) -> Usage:
    return Usage(-usage.calls, -usage.input_tokens, -usage.output_tokens, -usage.cost_usd)
