"""Prepared SWE-bench tasks as a benchmark."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from random import Random

from dgm.benchmarks.contradiction import Contradiction
from dgm.benchmarks.protocol import Grade
from dgm.benchmarks.swebench.false_tests import make_false
from dgm.benchmarks.swebench.grading import Bench, altered_script, grade, grade_false
from dgm.benchmarks.swebench.prepared import Prepared, read, recorded
from dgm.benchmarks.swebench.subsets import in_order
from dgm.errors import BenchmarkError, MachineError, PatchRefusedError
from dgm.records import Environment, SandboxLimits, Split, Task
from dgm.sandbox.protocol import SandboxDriver
from dgm.workspaces import Workspaces

NAME = "swebench"
_GRADER = "1"
_TEST_PATCH = "test.patch"


class SweBench:
    """The tasks prepared below one folder.

    Usage::

        benchmark = SweBench(cache / "benchmarks" / "swebench", Workspaces(work))
        benchmark.tasks(Split.SEARCH)
    """

    name = NAME

    def __init__(self, home: Path, workspaces: Workspaces) -> None:
        self._home = home
        self._workspaces = workspaces

    @property
    def grader_version(self) -> str:
        """Changes with our grading and with the package's."""
        try:
            return f"{_GRADER}-{version('swebench')}"
        except PackageNotFoundError:
            return _GRADER

    def tasks(self, split: Split | None = None) -> Sequence[Task]:
        """All prepared tasks in the order they are met. Raises: BenchmarkError without any."""
        if not self._prepared:
            raise BenchmarkError(
                f"{self.name} is not prepared: there is no task in {self._home}; dgm bench prepare "
                "swebench --rows FILE.jsonl"
            )
        every = (prepared.task for prepared in self._prepared.values())
        return [task for task in every if split is None or task.split is split]

    @property
    def left_out(self) -> Mapping[str, str]:
        """Rows that could not be prepared and folders that cannot be used, and why."""
        return {**recorded(self._home), **self._found[1]}

    def environment(self, task: Task) -> Environment:
        """The image of the task's row, with the repository's folder leading to the workspace."""
        return self._find(task).environment

    def workspace(self, task: Task) -> Path:
        """The repository at the base commit, and what its image has built in it."""
        return self._find(task).workspace

    def grade(
        self,
        task: Task,
        patch: bytes,
        sandboxes: SandboxDriver,
        name: str,
        limits: SandboxLimits | None = None,
    ) -> Grade:
        """Grade a patch in fresh sandboxes."""
        return grade(self._bench(task, sandboxes, name, limits), patch)

    def contradiction(self, task: Task, random: Random) -> Contradiction | None:
        """Change one expected value of the test patch; None where that cannot be done."""
        prepared = self._find(task)
        workspace = self._workspaces.of(prepared.workspace)
        try:
            false = make_false(prepared.row, workspace, random)
        except PatchRefusedError:
            return None
        if false is None or not false.altered or not altered_script(prepared, false.test_patch):
            return None
        return Contradiction({_TEST_PATCH: false.test_patch}, is_certain=False)

    def grade_changed(
        self,
        task: Task,
        sources: Mapping[str, str],
        patch: bytes,
        sandboxes: SandboxDriver,
        name: str,
        limits: SandboxLimits | None = None,
    ) -> Grade:
        """Grade by the tests as they are, and by another test patch."""
        return grade_false(self._bench(task, sandboxes, name, limits), patch, sources[_TEST_PATCH])

    def _bench(
        self, task: Task, sandboxes: SandboxDriver, name: str, limits: SandboxLimits | None
    ) -> Bench:
        prepared = self._find(task)
        workspace = self._workspaces.of(prepared.workspace)
        raised = prepared.environment.raised(limits or SandboxLimits())
        return Bench(prepared, workspace, sandboxes, name, raised)

    def solution(self, task: Task, sandboxes: SandboxDriver, name: str) -> bytes:  # noqa: ARG002 - a patch needs none
        """Return the row's own patch as one against the workspace."""
        prepared = self._find(task)
        workspace = self._workspaces.of(prepared.workspace)
        with tempfile.TemporaryDirectory(prefix="dgm-solution-") as folder:
            try:
                workspace.apply(prepared.row.patch.encode(), Path(folder))
                return workspace.diff(Path(folder))
            except PatchRefusedError as error:
                raise MachineError(f"the solution of {task.id} does not apply: {error}") from error

    def hidden_files(self, task: Task) -> Sequence[Path]:
        """The row, the script, the patches, and the files with the tests."""
        hidden = self._find(task).hidden
        return [path for path in sorted(hidden.rglob("*")) if path.is_file()]

    def _find(self, task: Task) -> Prepared:
        try:
            return self._prepared[task.id]
        except KeyError:
            raise BenchmarkError(f"benchmark {self.name!r} has no task {task.id!r}") from None

    @property
    def _prepared(self) -> Mapping[str, Prepared]:
        return self._found[0]

    @cached_property
    def _found(self) -> tuple[Mapping[str, Prepared], Mapping[str, str]]:
        tasks: dict[str, Prepared] = {}
        left_out: dict[str, str] = {}
        for name in in_order(path.name for path in self._home.glob("[!.]*") if path.is_dir()):
            try:
                tasks[name] = read(self._home / name, self.name)
            except BenchmarkError as error:
                left_out[name] = str(error)
        return tasks, left_out
