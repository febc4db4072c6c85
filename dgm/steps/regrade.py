"""Grade an agent's stored work again: no agent runs, no model is asked, nothing is spent."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from dgm.errors import ArchiveError
from dgm.records import CONTEXT_EXCEEDED, Outcome, Rollout, RolloutKey, Split, Task, Usage
from dgm.rollout import Work
from dgm.steps.evaluate import graded_as
from dgm.steps.laboratory import Laboratory, Unit

_OWN_ENDS = frozenset(
    {Outcome.AGENT_ERROR, Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY, Outcome.OVER_BUDGET}
)


@dataclass(frozen=True, slots=True)
class Regrade(Unit):
    """One stored patch before another version of the grader; `work` is the rollout that made it."""

    work: Rollout
    task: Task
    grader_version: str

    @property
    def key(self) -> RolloutKey:
        """That of the rollout, with another grader: what the agent would have if it ran now."""
        return replace(self.work.key, grader_version=self.grader_version)

    @property
    def task_id(self) -> str:
        """The benchmark's task."""
        return self.work.task_id

    @property
    def split(self) -> Split | None:
        """The task's split."""
        return self.work.split

    @property
    def regraded_from(self) -> str:
        """The rollout whose work it is."""
        return self.work.id

    def perform(self, lab: Laboratory) -> Rollout:
        """Grade the patch; what the tests print is kept in a folder of its own.

        Raises: MachineError; ArchiveError if the patch is lost.
        """
        return self.graded_into(lab.rollout_folder(self.rollout_id), lab)

    def graded_into(self, folder: Path, lab: Laboratory) -> Rollout:
        """Do the same with another folder for what the tests print."""
        started = time.monotonic()
        if trouble := lost_patch(lab.rollout_folder(self.work.id), self.work):
            raise ArchiveError(f"{self.work.id} cannot be graded again: {trouble}")
        work = stored_work(lab.rollout_folder(self.work.id), self.work)
        return graded_as(self, self.task, lab, work, folder, started)


def lost_patch(folder: Path, rollout: Rollout) -> str:
    """Say why a rollout's patch is not there as it was made; empty if it is, or there was none."""
    size = len(_patch_in(folder))
    if rollout.patch_bytes and size != rollout.patch_bytes:
        return f"its patch had {rollout.patch_bytes} bytes, patch.diff now has {size}"
    return ""


def stored_work(folder: Path, rollout: Rollout) -> Work:
    """Return what an agent left behind, as its rollout's folder and row keep it.

    How an agent ended explains a miss. Where it had solved its task the row does not tell, so that
    a miss is then merely `failed`.
    """
    patch = _patch_in(folder)
    is_explained = not patch or rollout.outcome in _OWN_ENDS
    detail = rollout.detail if not patch else CONTEXT_EXCEEDED * rollout.exceeded_context
    return Work(
        patch=patch,
        cause=rollout.outcome if is_explained else Outcome.FAILED,
        detail=detail,
        exit_code=rollout.exit_code,
        usage=Usage(),
        agent_s=0.0,
        total_s=0.0,
        limits_in_force=rollout.limits_in_force,
    )


def _patch_in(folder: Path) -> bytes:
    path = folder / "patch.diff"
    return path.read_bytes() if path.is_file() else b""
