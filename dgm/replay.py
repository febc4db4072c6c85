"""Run a recorded rollout again from its transcript: the same agent, no model, no cost.

Covered: the agent's code, its task, its sandbox and its grading all run for real; the model's
answers alone come from the recording. Not covered: rollouts the machine spoiled, and diagnoses,
which run no agent.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dgm.archive.reader import RunReader
from dgm.errors import ArchiveError, BenchmarkError
from dgm.records import AgentCode, Purpose, Rollout, Task
from dgm.rollout import RolloutOrder, Work
from dgm.steps.evaluate import Evaluate
from dgm.steps.laboratory import Laboratory
from dgm.steps.modify import Modify
from dgm.steps.validate import Validate

_REPLAYED = (Purpose.EVALUATE, Purpose.MEASURE, Purpose.MODIFY, Purpose.CANARY)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a replay; `divergence` is the first difference, empty if there is none."""

    rollout: Rollout
    divergence: str

    @property
    def is_same(self) -> bool:
        """Whether requests, patch and outcome were those of the recording."""
        return not self.divergence


@dataclass(frozen=True, slots=True)
class Replayer:
    """Replays rollouts of one run. `code_of` lays out a tree hash."""

    lab: Laboratory
    reader: RunReader
    code_of: Callable[[str], AgentCode]

    def can_replay(self, rollout: Rollout) -> bool:
        """Whether an agent ran in this rollout and the machine did not spoil it."""
        has_transcript = any(self.lab.rollout_folder(rollout.id).glob("transcript.jsonl*"))
        return rollout.key.purpose in _REPLAYED and rollout.outcome.is_evidence and has_transcript

    def replay(self, rollout: Rollout) -> Replayed:
        """Replay one rollout.

        Raises: ArchiveError if what it needs is gone or has changed; MachineError.
        """
        started = time.monotonic()
        recorded = self.lab.rollout_folder(rollout.id)
        original, evaluation = self._order(rollout)
        with tempfile.TemporaryDirectory(prefix="dgm-replay-") as folder:
            order = replace(
                original,
                id=f"{rollout.id}-replay",
                folder=Path(folder),
                accounts=(f"replay/{rollout.id}",),
                recorded=recorded / "transcript.jsonl",
            )
            work = self.lab.runner.run(order)
            divergence = _divergence(work, (recorded / "patch.diff").read_bytes())
            if evaluation is not None and not divergence:
                graded = evaluation.graded(self.lab, work, order.folder, started)
                divergence = _other_outcome(rollout, graded)
        return Replayed(rollout, divergence)

    def _order(self, rollout: Rollout) -> tuple[RolloutOrder, Evaluate | None]:
        agent = self.code_of(rollout.key.tree_hash)
        if rollout.key.purpose is Purpose.MODIFY:
            return self._modification(rollout, agent).order(self.lab), None
        if rollout.key.purpose is Purpose.CANARY:
            return Validate(rollout.id, rollout.agent_id, agent).order(self.lab), None
        unit = Evaluate(
            rollout.id, rollout.agent_id, agent, self._task(rollout),
            rollout.key.attempt, rollout.key.grader_version,
        )  # fmt: skip
        return unit.order(self.lab), unit

    def _modification(self, rollout: Rollout, writer: AgentCode) -> Modify:
        child = self.reader.agent(rollout.agent_id)
        parent = self.reader.agent(child.parent_id or child.id)
        if child.diagnosis is None or parent.tree_hash is None:
            raise ArchiveError(f"the making of {child.id} is not recorded whole; see: dgm fsck")
        code = self.code_of(parent.tree_hash)
        return Modify(rollout.id, child.id, child.number, writer, code, child.diagnosis)

    def _task(self, rollout: Rollout) -> Task:
        for task in self.lab.benchmark.tasks():
            if task.id == rollout.task_id:
                if task.digest != rollout.key.task_digest:
                    raise BenchmarkError(f"task {task.id} has changed since {rollout.id} was run")
                return task
        raise BenchmarkError(f"task {rollout.task_id} is no longer in this benchmark")


def _divergence(work: Work, recorded_patch: bytes) -> str:
    if not work.divergence and work.patch != recorded_patch:
        sizes = f"{len(recorded_patch)} bytes recorded, {len(work.patch)} now"
        return f"the patch differs: {sizes}"
    return work.divergence


def _other_outcome(rollout: Rollout, graded: Rollout) -> str:
    if graded.outcome is rollout.outcome:
        return ""
    return f"the outcome differs: {rollout.outcome} recorded, {graded.outcome} now"
