"""A benchmark that stands before another one and changes part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dgm.benchmarks.protocol import Benchmark, Grade
from dgm.records import Environment, SandboxLimits, Split, Task
from dgm.sandbox.protocol import SandboxDriver


class Around:
    """`whole`, in everything that a subclass does not say otherwise."""

    def __init__(self, whole: Benchmark) -> None:
        self.whole = whole

    @property
    def name(self) -> str:
        """The name of the whole."""
        return self.whole.name

    @property
    def grader_version(self) -> str:
        """That of the whole."""
        return self.whole.grader_version

    def tasks(self, split: Split | None = None) -> Sequence[Task]:
        """The tasks of the whole. Raises: BenchmarkError."""
        return self.whole.tasks(split)

    @property
    def left_out(self) -> Mapping[str, str]:
        """What the whole leaves out."""
        return self.whole.left_out

    def original(self, task: Task) -> Task:
        """The task of the whole that this one is made from."""
        return task

    def environment(self, task: Task) -> Environment:
        """Where agents meet a task."""
        return self.whole.environment(self.original(task))

    def workspace(self, task: Task) -> Path:
        """What agents see of a task."""
        return self.whole.workspace(self.original(task))

    def grade(
        self,
        task: Task,
        patch: bytes,
        sandboxes: SandboxDriver,
        name: str,
        limits: SandboxLimits | None = None,
    ) -> Grade:
        """Grade a patch in fresh sandboxes."""
        return self.whole.grade(self.original(task), patch, sandboxes, name, limits)

    def solution(self, task: Task, sandboxes: SandboxDriver, name: str) -> bytes:
        """Make the reference solution."""
        return self.whole.solution(self.original(task), sandboxes, name)

    def hidden_files(self, task: Task) -> Sequence[Path]:
        """What no agent may see."""
        return self.whole.hidden_files(self.original(task))
