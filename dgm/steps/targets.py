"""What a diagnosis looks at, drawn for each child as in the paper.

Source: Darwin Gödel Machine (arXiv 2505.22954), appendix on self-modification.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from dgm.records import Outcome, Rollout

_SPECIAL = 0.25  # the paper's probability of each special target, where it applies
_MANY_EMPTY = 0.1


class Looking(StrEnum):
    """What a diagnosis looks at."""

    TASK = "task"
    EMPTY_PATCHES = "empty_patches"
    VARIANCE = "variance"
    CONTEXT_LENGTH = "context_length"
    NOTHING_FAILED = "nothing_failed"


@dataclass(frozen=True, slots=True)
class Target:
    """What to look at, and the rollout that shows it."""

    looking: Looking
    shown: Rollout

    @property
    def name(self) -> str:
        """The task's id, or the kind of target."""
        return self.shown.task_id if self.looking is Looking.TASK else str(self.looking)


def choose_target(rollouts: Sequence[Rollout], rng: Random) -> Target:
    """Draw what to look at among an agent's graded rollouts (at least one)."""
    missed = [rollout for rollout in rollouts if rollout.outcome is not Outcome.SOLVED]
    empty = [rollout for rollout in missed if rollout.outcome is Outcome.EMPTY_PATCH]
    varying = _varying(missed, rollouts)
    spent = [r for r in missed if r.outcome is Outcome.OVER_BUDGET or r.exceeded_context]
    if len(empty) >= _MANY_EMPTY * len(rollouts) and empty and rng.random() < _SPECIAL:
        return Target(Looking.EMPTY_PATCHES, rng.choice(empty))
    if varying and rng.random() < _SPECIAL:
        return Target(Looking.VARIANCE, rng.choice(varying))
    if spent and rng.random() < _SPECIAL:
        return Target(Looking.CONTEXT_LENGTH, rng.choice(spent))
    if missed:
        return Target(Looking.TASK, rng.choice(missed))
    return Target(Looking.NOTHING_FAILED, rng.choice(list(rollouts)))


def _varying(missed: Sequence[Rollout], rollouts: Sequence[Rollout]) -> list[Rollout]:
    outcomes = defaultdict(set)
    for rollout in rollouts:
        outcomes[rollout.task_id].add(rollout.outcome is Outcome.SOLVED)
    return [rollout for rollout in missed if len(outcomes[rollout.task_id]) > 1]
