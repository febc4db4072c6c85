"""Measure an agent: one rollout on one task, graded in a second, fresh sandbox."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from dgm.benchmarks.protocol import Grade
from dgm.blame import blaming
from dgm.records import AgentCode, Outcome, Purpose, Rollout, RolloutKey, Split, Task
from dgm.rollout import RolloutOrder, Work
from dgm.steps.laboratory import Laboratory, Unit


@dataclass(frozen=True, slots=True)
class Evaluate(Unit):
    """One attempt of one agent at one task."""

    agent: AgentCode
    task: Task
    attempt: int
    grader_version: str
    purpose: Purpose = Purpose.EVALUATE

    @property
    def key(self) -> RolloutKey:
        """One per code, task, attempt and grader."""
        return RolloutKey(
            self.purpose,
            self.agent.tree_hash,
            self.task.digest,
            self.attempt,
            self.grader_version,
        )

    @property
    def task_id(self) -> str:
        """The benchmark's task."""
        return self.task.id

    @property
    def split(self) -> Split:
        """The task's split."""
        return self.task.split

    def order(self, lab: Laboratory) -> RolloutOrder:
        """Order the rollout. All agents meet the same chance on the same task and attempt."""
        order = lab.order(
            self,
            agent=self.agent,
            statement=self.task.statement,
            workspace=lab.benchmark.workspace(self.task),
            timeout_s=self.task.timeout_s,
            seed=f"evaluate/{self.task.digest}/{self.attempt}",
        )
        return order.within(lab.benchmark.environment(self.task))

    def perform(self, lab: Laboratory) -> Rollout:
        """Run the agent and grade what it left. Raises: MachineError."""
        started = time.monotonic()
        order = self.order(lab)
        return self.graded(lab, lab.runner.run(order), order.folder, started)

    def graded(self, lab: Laboratory, work: Work, folder: Path, started: float) -> Rollout:
        """Grade an agent's work, see `graded_as`."""
        return graded_as(self, self.task, lab, work, folder, started)


def graded_as(
    unit: Unit, task: Task, lab: Laboratory, work: Work, folder: Path, started: float
) -> Rollout:
    """Grade an agent's work: the workspace decides, the cause explains a miss.

    `folder` receives what the hidden tests printed. Raises: MachineError.
    """
    if not work.patch or work.cause is Outcome.INFRASTRUCTURE:
        return unit.record(work, work.cause, total_s=time.monotonic() - started)
    name, limits = f"{unit.rollout_id}-grade", lab.config.sandbox.limits.as_limits()

    def grade_patch(patch: bytes, name: str) -> Grade:
        return lab.benchmark.grade(task, patch, lab.runner.sandboxes, name, limits)

    with blaming(lambda: grade_patch(b"", f"{name}-control")):
        grade = grade_patch(work.patch, name)
    (folder / "grading.txt").write_text(grade.log, encoding="utf-8")
    return unit.record(
        work,
        work.cause if grade.outcome is Outcome.FAILED else grade.outcome,
        detail=grade.detail,
        total_s=time.monotonic() - started,
        tests=(grade.tests_passed, grade.tests_total),
    )
