"""What happens in a run, as an append-only list: for people, live views and logs.

Events are told after the fact is stored; no decision is ever taken from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
SEED_FAILED = "the seed agent does not work"


class EventKind(StrEnum):
    """The closed set of things worth telling."""

    RUN_STARTED = "run_started"
    RUN_STOPPED = "run_stopped"
    RUN_FINISHED = "run_finished"
    RUN_REGRADED = "run_regraded"
    AGENT_STARTED = "agent_started"
    AGENT_DIAGNOSED = "agent_diagnosed"
    AGENT_COMMITTED = "agent_committed"
    AGENT_MOVED = "agent_moved"
    AGENT_ARCHIVED = "agent_archived"
    AGENT_REJECTED = "agent_rejected"
    ROLLOUT_STARTED = "rollout_started"
    ROLLOUT_FINISHED = "rollout_finished"
    ROLLOUT_ABANDONED = "rollout_abandoned"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `id` rises by insertion; `at` is seconds since the epoch."""

    id: int
    at: float
    kind: EventKind
    agent_id: str | None = None
    data: Mapping[str, Scalar] = field(default_factory=dict)


def budget_spent(account: str) -> str:
    """Say why a run stops whose shared account (`run`, `step/diagnose`) is spent."""
    return f"the budget of the {account.replace('/', ' ')} is spent"
