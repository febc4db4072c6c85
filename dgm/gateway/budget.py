"""Accounts that are asked before a model call and charged after it.

A call draws on several accounts, narrow to wide (`rollout/r00012`, `agent/a0003`, `step/evaluate`,
`run`). Its worst case is reserved in all of them or in none, and settled with what it really
consumed. Seconds are reserved by giving the call no more of them than are left.

Covered: no number of threads spends beyond a ceiling, as long as no call exceeds its reservation.
Not covered: a call that turns out dearer than its worst case; it is charged in full, and the
accounts refuse from then on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from dgm.errors import OverBudgetError
from dgm.records import Ceiling, Usage

_OWN = ("rollout", "agent", "replay")
_BOUNDED = ("tokens", "cost_usd", "calls", "seconds")
_LEAST_S = 0.5  # in less time no model answers


def is_shared(account: str) -> bool:
    """Whether several agents draw on an account: that it is spent says nothing about one."""
    return account.partition("/")[0] not in _OWN


@dataclass(slots=True)
class _Account:
    ceiling: Ceiling = field(default_factory=Ceiling)
    spent: Usage = field(default_factory=Usage)
    reserved: Usage = field(default_factory=Usage)

    def release(self, usage: Usage) -> None:
        rest = self.reserved - usage
        self.reserved = rest if rest.calls else Usage()  # no call open: no rounding error left


@dataclass(frozen=True, slots=True, eq=False)
class Reservation:
    """A worst case held in some accounts until it is settled.

    `cut_by` is the account that left the call fewer seconds than it asked for, if one did.
    """

    accounts: tuple[str, ...]
    worst: Usage
    cut_by: str = ""


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

        Of its seconds it gets what is left, if that is less: see `Reservation.worst`.

        Raises: OverBudgetError naming the first account it does not fit; then none holds it.
        """
        with self._lock:
            entries = [self._entry(name) for name in accounts]
            named = tuple(zip(accounts, entries, strict=True))
            cut_by, worst = _within_time(named, worst)
            for name, entry in named:
                _check(name, entry, worst)
            for entry in entries:
                entry.reserved += worst
            reservation = Reservation(tuple(accounts), worst, cut_by)
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
        if (entry := self._accounts.get(account)) is None:
            entry = self._accounts[account] = _Account()
        return entry


def _check(name: str, entry: _Account, worst: Usage) -> None:
    for what, most, taken in _limits(entry, worst):
        if taken > most and what != "seconds":  # of seconds it got no more than are left
            raise OverBudgetError(
                name,
                f"the budget of {name} is spent: this call could bring it to {taken:,.6g} {what}, "
                f"the ceiling is {most:,.6g}",
            )


def _within_time(named: Sequence[tuple[str, _Account]], worst: Usage) -> tuple[str, Usage]:
    """Cut a call's seconds to what is left; say which account did."""
    cut_by = ""
    for name, entry in named:
        left = _seconds_left(name, entry) if worst.seconds else 0.0
        if left < worst.seconds:
            cut_by, worst = name, replace(worst, seconds=left)
    return cut_by, worst


def _seconds_left(name: str, entry: _Account) -> float:
    most = entry.ceiling.seconds
    if most is None:
        return float("inf")
    left = most - entry.spent.seconds - entry.reserved.seconds
    if left < _LEAST_S:
        raise OverBudgetError(
            name, f"the budget of {name} is spent: its calls have taken the {most:,.6g} seconds"
        )
    return left


def _limits(entry: _Account, more: Usage) -> Iterator[tuple[str, float, float]]:
    """Yield each limit of an account: its name, the most, and what `more` would bring it to."""
    for what in _BOUNDED:
        if (most := getattr(entry.ceiling, what)) is not None:
            parts = (entry.spent, entry.reserved, more)
            yield what, most, sum(getattr(part, what) for part in parts)
