"""Run what was recorded again from its transcripts: the same agents, no model, no cost.

One rollout (`Replayer`), or a whole run (`RecordedRun`, which an evolution takes its answers from).

Covered: the agent's code, its task, its sandbox and its grading all run for real; the model's
answers alone come from the recording. Not covered: single rollouts the machine spoiled, single
diagnoses, which run no agent, and USD left as `GET /v1/budget` tells them: a replay costs nothing.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dgm.archive.reader import RunReader
from dgm.errors import ArchiveError, BenchmarkError
from dgm.records import Agent, AgentCode, Purpose, Rollout, RolloutKey, Task
from dgm.rollout import RolloutOrder, Work
from dgm.steps.evaluate import Evaluate
from dgm.steps.laboratory import Laboratory
from dgm.steps.modify import Modify
from dgm.steps.validate import Validate

_UNGRADED = (Purpose.MODIFY, Purpose.CANARY)


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A whole run as the source of every answer: `folder` is the recorded run's own."""

    folder: Path

    def of(self, key: RolloutKey) -> Path:
        """Return the transcript of a unit of work: the evidence, or else what the machine spoiled.

        Raises: ArchiveError if the run never did this work, or did it without a model.
        """
        with RunReader.open(self.folder) as reader:
            evidence = reader.find_rollout(key)
            asked = (r for r in reader.rollouts() if r.key.asking == key.asking)
            found = [evidence] if evidence else list(asked)
            folders = [reader.run.rollout(rollout.work_id) for rollout in found]
        for folder in reversed(folders):
            if any(folder.glob("transcript.jsonl*")):
                return folder / "transcript.jsonl"
        raise ArchiveError(
            f"run {self.folder.name} has no recording of this {key.purpose} (code "
            f"{key.tree_hash[:12]}, {key.task_digest[:40]}, attempt {key.attempt}): the replay has "
            "left the recorded path"
        )


def recorded_run(folder: Path) -> RecordedRun:
    """Return a run to replay. Raises: ArchiveError if there is none in the folder."""
    with RunReader.open(folder):
        return RecordedRun(folder)


def differences(recorded: RunReader, replayed: RunReader) -> tuple[str, ...]:
    """Say agent by agent where two runs differ, in a line each: their ways, and their code."""
    ways = [{agent.id: _way(agent) for agent in run.agents()} for run in (recorded, replayed)]
    return tuple(
        f"{agent_id}: {ways[0].get(agent_id, 'none')} recorded, {ways[1].get(agent_id, 'none')} now"
        for agent_id in sorted({*ways[0], *ways[1]})
        if ways[0].get(agent_id) != ways[1].get(agent_id)
    )


def _way(agent: Agent) -> str:
    code = (agent.tree_hash or "no code")[:12]
    words = (agent.state, f"child of {agent.parent_id}", code, agent.title, agent.reason)
    return ", ".join(filter(None, words))


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
        purpose = rollout.key.purpose
        is_replayed = purpose.is_graded or purpose in _UNGRADED
        return is_replayed and rollout.outcome.is_evidence and has_transcript

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
                divergence = _other_outcome(rollout, graded, self.lab.benchmark.grader_version)
        return Replayed(rollout, divergence)

    def _order(self, rollout: Rollout) -> tuple[RolloutOrder, Evaluate | None]:
        agent = self.code_of(rollout.key.tree_hash)
        if rollout.key.purpose is Purpose.MODIFY:
            return self._modification(rollout, agent).order(self.lab), None
        if rollout.key.purpose is Purpose.CANARY:
            return Validate(rollout.id, rollout.agent_id, agent).order(self.lab), None
        unit = Evaluate(
            rollout.id, rollout.agent_id, agent, self._task(rollout),
            rollout.key.attempt, rollout.key.grader_version, rollout.key.purpose,
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


def _other_outcome(rollout: Rollout, graded: Rollout, grader_version: str) -> str:
    if graded.outcome is rollout.outcome:
        return ""
    by, now = "", ""
    if rollout.key.grader_version != grader_version:  # the agent may have done just the same
        by, now = f" by grader {rollout.key.grader_version}", f" by grader {grader_version}"
    return f"the outcome differs: {rollout.outcome} recorded{by}, {graded.outcome} now{now}"
