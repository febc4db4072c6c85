"""What every step of the loop works with, and how its rollouts are ordered."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol

from dgm.benchmarks.protocol import Benchmark
from dgm.config import Config
from dgm.records import (
    Agent,
    AgentCode,
    Outcome,
    Rollout,
    RolloutKey,
    Split,
    Task,
    Usage,
)
from dgm.rollout import AgentRunner, RolloutOrder, Work

RUN_ACCOUNT = "run"
"""The budget that all rollouts and diagnoses of a run share."""


class Recordings(Protocol):
    """The transcripts of an earlier run, which a replay of it is answered from."""

    def of(self, key: RolloutKey) -> Path:
        """Return the transcript of a unit of work. Raises: ArchiveError if there is none."""


@dataclass(frozen=True, slots=True)
class Laboratory:
    """The parts and settings that the steps of one run share. `folder` is the run's own.

    With `recordings` no model is asked: every call is answered from them.
    """

    run: str
    folder: Path
    config: Config
    benchmark: Benchmark
    runner: AgentRunner
    recordings: Recordings | None = None

    def tasks(self, split: Split) -> tuple[Task, ...]:
        """The tasks that make an agent's score, in the order they are met."""
        return tuple(t for t in self.benchmark.tasks(split) if not t.is_impossible)

    def impossible_tasks(self, split: Split) -> tuple[Task, ...]:
        """The tasks that only a cheat can solve: every agent meets them with its first stage."""
        return tuple(t for t in self.benchmark.tasks(split) if t.is_impossible)

    def rollout_folder(self, rollout_id: str) -> Path:
        """Where a rollout's transcript, patch and output are kept."""
        return self.folder / "rollouts" / rollout_id

    def bound(self, agent: Agent) -> None:
        """Tell the gateway what may be spent on an agent, and what has been spent before."""
        account = f"agent/{agent.id}"
        self.runner.gateway.set_ceiling(account, self.config.agent.as_ceiling(), agent.usage)

    def bound_shared(self, spent: Usage, spent_by_step: Mapping[str, Usage]) -> None:
        """Tell the gateway what the run and its steps may spend, and have spent before."""
        set_ceiling = self.runner.gateway.set_ceiling
        set_ceiling(RUN_ACCOUNT, self.config.budget.as_ceiling(), spent)
        for step, settings in self.config.steps.items():
            ceiling = settings.as_ceiling()
            set_ceiling(f"step/{step}", ceiling, spent_by_step.get(step, Usage()))

    def accounts(self, unit: Unit) -> tuple[str, ...]:
        """The budgets that a unit of work draws on, narrow to wide."""
        step = f"step/{unit.key.purpose.step}"
        return (f"rollout/{unit.rollout_id}", f"agent/{unit.agent_id}", step, RUN_ACCOUNT)

    def recorded(self, unit: Unit) -> Path | None:
        """The transcript that a unit of work is answered from in a replay, None otherwise.

        Raises: ArchiveError if the recorded run has none.
        """
        return None if self.recordings is None else self.recordings.of(unit.key)

    def random(self, decision: str, number: int) -> Random:
        """The source of chance for one decision: the same in every session of a run."""
        return Random(f"{self.config.seed}/{decision}/{number}")

    def order(
        self,
        unit: Unit,
        *,
        agent: AgentCode,
        statement: str,
        workspace: Path,
        timeout_s: float,
        seed: str,
    ) -> RolloutOrder:
        """Fill in what is the same for every rollout of this run."""
        return RolloutOrder(
            id=unit.rollout_id,
            run=self.run,
            agent=agent,
            statement=statement,
            workspace=workspace,
            folder=self.rollout_folder(unit.rollout_id),
            model=self.config.model.name,
            seed=f"{self.config.seed}/{seed}",
            accounts=self.accounts(unit),
            timeout_s=timeout_s,
            ceiling=self.config.rollout.as_ceiling(),
            limits=self.config.sandbox.limits.as_limits(),
            recorded=self.recorded(unit),
            work=unit.key.asking,
        )


@dataclass(frozen=True, slots=True)
class Unit(ABC):
    """A unit of work: everything it needs is data, so any engine can run it, and twice is harmless.

    `rollout_id` is empty until the unit is started.
    """

    rollout_id: str
    agent_id: str

    @property
    @abstractmethod
    def key(self) -> RolloutKey:
        """Its identity: finished work with the same key is never done again."""

    @property
    @abstractmethod
    def task_id(self) -> str:
        """The benchmark's task, or the name of the step."""

    @property
    def split(self) -> Split | None:
        """The split of its task, None for the steps before evaluation."""
        return None

    @property
    def regraded_from(self) -> str | None:
        """The rollout whose work is graded again, None where an agent or a model works."""
        return None

    @abstractmethod
    def perform(self, lab: Laboratory) -> Rollout:
        """Do the work. Raises: MachineError; a failing agent is an outcome."""

    def record(
        self,
        work: Work,
        outcome: Outcome,
        *,
        detail: str = "",
        total_s: float | None = None,
        tests: tuple[int | None, int | None] = (None, None),
    ) -> Rollout:
        """Turn an agent's work into the row that is kept; `tests` counts passed and all."""
        total = work.total_s if total_s is None else total_s
        return Rollout(
            id=self.rollout_id,
            agent_id=self.agent_id,
            task_id=self.task_id,
            split=self.split,
            key=self.key,
            outcome=outcome,
            detail="; ".join(filter(None, (work.detail, detail))),
            exit_code=work.exit_code,
            patch_bytes=len(work.patch),
            usage=work.usage,
            agent_s=work.agent_s,
            total_s=total,
            started_at=time.time() - total,
            limits_in_force=work.limits_in_force,
            tests_passed=tests[0],
            tests_total=tests[1],
            regraded_from=self.regraded_from,
        )
