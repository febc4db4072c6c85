"""Faults of the machine while units of work were done, and those that an agent brings about.

An agent could hide a failure by losing its sandbox: a fault of the machine gives no evidence. So
each loss is followed by the same work without the agent. Where that works after every try, the
loss is the agent's own doing and counts as its failure; where it does not, the machine is to
blame. Not covered: a machine that by chance loses this agent's sandbox on every try, and no other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from dgm.errors import MachineError, OverBudgetError, SandboxLostError
from dgm.gateway.budget import is_shared
from dgm.records import Outcome, Rollout, RolloutKey, Usage
from dgm.steps.laboratory import Unit


class Faults:
    """The faults of one session. A unit of work that was spoiled is done `retries` times again."""

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._all: Counter[RolloutKey] = Counter()
        self._losses: Counter[RolloutKey] = Counter()
        self.in_a_row = 0
        """How many units in a row the machine has spoiled."""

    def judge(self, rollout: Rollout, error: BaseException | None) -> Rollout:
        """Count how a unit ended; return it as the agent's failure if the agent is to blame."""
        if rollout.outcome.is_evidence:
            self.in_a_row = 0
            return rollout
        key = rollout.key
        self._all[key] += 1
        if not isinstance(error, SandboxLostError):
            self.in_a_row += 1
            return rollout
        self._losses[key] += 1
        self.in_a_row = 0  # the machine has just shown that it works
        if not self.is_given_up(key) or self._losses[key] < self._all[key]:
            return rollout
        detail = f"its sandbox was lost {self._losses[key]} times, never without it: {error}"
        return replace(rollout, outcome=Outcome.AGENT_ERROR, detail=detail[:500])

    def is_given_up(self, key: RolloutKey) -> bool:
        """Whether this unit was spoiled so often that it is not done again."""
        return self._all[key] > self._retries


def spoiled(unit: Unit, error: BaseException | None, usage: Usage) -> Rollout:
    """Make the row of a unit that ended in an error, with what it had spent by then.

    Raises: the error itself if it is a defect of our own, or no model can be asked.
    """
    outcome = Outcome.INFRASTRUCTURE
    if isinstance(error, OverBudgetError) and not shared_account_spent(error):
        outcome = Outcome.OVER_BUDGET
    elif not isinstance(error, MachineError | OverBudgetError):
        raise error or LookupError("a unit of work ended without a result")
    return Rollout(
        unit.rollout_id, unit.agent_id, unit.task_id, unit.split, unit.key,
        outcome, str(error)[:500], usage=usage, regraded_from=unit.regraded_from,
    )  # fmt: skip


def shared_account_spent(error: BaseException | None) -> str:
    """Return the account whose spent budget ended a unit, if agents share it; else empty."""
    if isinstance(error, OverBudgetError) and is_shared(error.account):
        return error.account
    return ""
