"""What was found when tasks were verified, kept; what was found unsound is left out by name.

One file a task, written whole or not at all, so that verifying may be stopped anywhere. It counts
as long as the task, its grader and the checks are the same. Where agents are measured, a task
without a verdict is verified first (`Checked.completed`), and left out if that cannot be done.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from dgm.benchmarks import leaks
from dgm.benchmarks.around import Around
from dgm.benchmarks.kept import write_json
from dgm.benchmarks.protocol import Benchmark
from dgm.benchmarks.verify import Verified, verify
from dgm.errors import BenchmarkError
from dgm.records import Split, Task
from dgm.sandbox.progress import Say
from dgm.sandbox.protocol import SandboxDriver
from dgm.titles import counted
from dgm.workspaces import Workspaces

_VERSION = f"1.{leaks.VERSION}"


@dataclass(frozen=True, slots=True)
class Standing:
    """The verdict on one task; sound if `problems` is empty."""

    problems: tuple[str, ...]
    seconds: float
    repeats: int


@dataclass(frozen=True, slots=True)
class Standings:
    """The verdicts kept in a folder."""

    folder: Path

    def of(self, task: Task, grader_version: str) -> Standing | None:
        """Return the verdict on exactly this task, None if there is none."""
        try:
            kept = json.loads(self._file(task).read_text(encoding="utf-8"))
            if kept["key"] != _key(task, grader_version):
                return None
            return Standing(tuple(kept["problems"]), kept["seconds"], kept["repeats"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, verified: Verified, grader_version: str) -> None:
        """Write a verdict down, unless it is sound by fewer repeats than found it unsound.

        Raises: OSError.
        """
        known = self.of(verified.task, grader_version)
        if known and known.problems and not verified.problems and known.repeats > verified.repeats:
            return
        kept = {
            "key": _key(verified.task, grader_version),
            "problems": verified.problems,
            "seconds": round(verified.seconds, 3),
            "repeats": verified.repeats,
        }
        write_json(self._file(verified.task), kept)

    def _file(self, task: Task) -> Path:
        readable = re.sub(r"[^A-Za-z0-9._-]", "-", task.id)[:80]
        return self.folder / f"{readable}-{sha256(task.id.encode()).hexdigest()[:8]}.json"


class Checked(Around):
    """A benchmark without the tasks that were found unsound, by the verdicts of when it is read.

    `is_strict`: without those that have no verdict either.
    """

    def __init__(self, whole: Benchmark, standings: Standings, *, is_strict: bool = False) -> None:
        super().__init__(whole)
        self._standings = standings
        self._is_strict = is_strict

    def completed(self, sandboxes: SandboxDriver, workspaces: Workspaces, tell: Say) -> Checked:
        """Return the tasks that were found sound, after verifying those without a verdict.

        Raises: OSError.
        """
        version = self.whole.grader_version
        missing = [each for each in self.whole.tasks() if not self._standings.of(each, version)]
        if missing:
            tell(f"verifying {counted(len(missing), 'task')} of {self.name} without a verdict")
        for verified in verify(self.whole, missing, sandboxes, workspaces, tell=tell):
            if verified.is_final:
                self._standings.keep(verified, version)
            tell(f"  {verified.task.id}: {'; '.join(verified.problems) or 'sound'}")
        return Checked(self.whole, self._standings, is_strict=True)

    def tasks(self, split: Split | None = None) -> Sequence[Task]:
        """The tasks that are not known to be unsound. Raises: BenchmarkError if there are none."""
        unsound = self._unsound
        found = [task for task in self.whole.tasks(split) if task.id not in unsound]
        if unsound and len(unsound) == len(self.whole.tasks()):
            task_id, reason = next(iter(unsound.items()))
            raise BenchmarkError(
                f"no task of {self.name!r} can be used: {task_id}: {reason} "
                f"(and {len(unsound) - 1} more); dgm bench verify shows them all"
            )
        return found

    @property
    def left_out(self) -> Mapping[str, str]:
        """What the whole leaves out, and what was found unsound."""
        return {**self.whole.left_out, **self._unsound}

    @cached_property
    def _unsound(self) -> Mapping[str, str]:
        version = self.whole.grader_version
        found = {task.id: self._standings.of(task, version) for task in self.whole.tasks()}
        unsound = {
            task_id: "; ".join(standing.problems)
            for task_id, standing in found.items()
            if standing is not None and standing.problems
        }
        if self._is_strict:
            none = [task_id for task_id, standing in found.items() if standing is None]
            unsound |= dict.fromkeys(none, "it could not be verified")
        return unsound


def _key(task: Task, grader_version: str) -> list[str]:
    return [task.id, task.digest, grader_version, _VERSION]
