"""What a benchmark is: tasks with digests, a workspace for the agent, a grader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dgm.records import Environment, Outcome, SandboxLimits, Split, Task
from dgm.sandbox.protocol import SandboxDriver


@dataclass(frozen=True, slots=True)
class Grade:
    """What the grader found; `log` is capped text of the hidden tests' run, for people only.

    `reward` is what the task's own tests gave, from 0 to 1, where they give more than all or
    nothing; a task is solved at 1.
    """

    outcome: Outcome
    detail: str = ""
    tests_passed: int | None = None
    tests_total: int | None = None
    log: str = ""
    reward: float | None = None


class Benchmark(Protocol):
    """Tasks, their workspaces and their grader. Thread-safe and picklable; never runs an agent."""

    @property
    def name(self) -> str:
        """The name on the command line."""

    @property
    def grader_version(self) -> str:
        """Changes whenever the same patch could be graded otherwise."""

    def tasks(self, split: Split | None = None) -> Sequence[Task]:
        """All tasks, in a fixed order that mixes difficulties; BenchmarkError if there are none.

        A task that is malformed, not prepared or found to be unsound is not among them, and makes
        no difference to the others: it is in `left_out`.
        """

    @property
    def left_out(self) -> Mapping[str, str]:
        """The names of tasks that are not among `tasks`, and why not, in one line each."""

    def environment(self, task: Task) -> Environment:
        """Where agents meet this task: what every rollout of it is started with."""

    def workspace(self, task: Task) -> Path:
        """A host folder with what the agent may see and nothing else; never written by anybody.

        It holds no hidden tests, no solution, no `.git`.
        """

    def grade(
        self,
        task: Task,
        patch: bytes,
        sandboxes: SandboxDriver,
        name: str,
        limits: SandboxLimits | None = None,
    ) -> Grade:
        """Grade a patch in fresh sandboxes that have no model; their names begin with `name`.

        `patch` is a `git diff --binary` against `workspace(task)`, made by the host. A patch that
        does not apply is `failed`; one that tries to score without solving is `tampered`; a broken
        machine raises MachineError. `limits` are those of a sandbox by default; they are raised to
        what the task's environment needs.
        """

    def solution(self, task: Task, sandboxes: SandboxDriver, name: str) -> bytes:
        """The reference solution as a patch against `workspace(task)`; for `verify` only."""

    def hidden_files(self, task: Task) -> Sequence[Path]:
        """The host's files of this task that no agent may ever see; for `verify` only."""
