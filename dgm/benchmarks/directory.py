"""A folder of Harbor tasks as a benchmark."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from random import Random

from dgm.benchmarks.contradiction import Contradiction, contradict
from dgm.benchmarks.grading import Candidate, Grader, lay_out
from dgm.benchmarks.harbor import HarborTask, read_task
from dgm.benchmarks.harborprepare import read_prepared
from dgm.benchmarks.protocol import Grade
from dgm.benchmarks.trial import Bench, with_texts
from dgm.errors import BenchmarkError, MachineError, PatchRefusedError
from dgm.records import Environment, Outcome, SandboxLimits, Split, Task
from dgm.sandbox.protocol import SandboxDriver, SandboxSpec
from dgm.sandbox.transfer import pack
from dgm.workspaces import Workspaces


class DirectoryBenchmark:
    """Tasks below one folder.

    Usage::

        benchmark = DirectoryBenchmark("mine", Path("my-tasks"), Workspaces(cache))
        benchmark.tasks(Split.SEARCH)

    `splits` lists the task ids of each split in the order they are met; without it, every second
    task in the order of names is sealed. `prepared` holds what was prepared of them.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        workspaces: Workspaces,
        splits: Mapping[Split, Sequence[str]] | None = None,
        prepared: Path | None = None,
    ) -> None:
        self.name = name
        self._folder = folder
        self._workspaces = workspaces
        self._splits = splits
        self._prepared = prepared
        self._grader = Grader()

    @property
    def grader_version(self) -> str:
        """Changes whenever the same patch could be graded otherwise."""
        return "5"

    def tasks(self, split: Split | None = None) -> Sequence[Task]:
        """All tasks in the order they are met. Raises: BenchmarkError if there are none."""
        every = [harbor.task for harbor in self._read.tasks.values()]
        return [task for task in every if split is None or task.split is split]

    @property
    def left_out(self) -> Mapping[str, str]:
        """The folders that are no tasks, or no good ones, and why not."""
        return self._read.left_out

    def environment(self, task: Task) -> Environment:
        """Where agents meet this task."""
        return self._find(task).environment

    def workspace(self, task: Task) -> Path:
        """The folder an agent's workspace is made of."""
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
        return self._graded(self._find(task), patch, sandboxes, name, limits)

    def contradiction(self, task: Task, random: Random) -> Contradiction | None:
        """Change one expected value of the task's tests; None if that cannot be done."""
        return contradict(self._find(task).tests, random)

    def grade_changed(
        self,
        task: Task,
        sources: Mapping[str, str],
        patch: bytes,
        sandboxes: SandboxDriver,
        name: str,
        limits: SandboxLimits | None = None,
    ) -> Grade:
        """Grade with other texts for some files of the tests; `task` may have its own digest."""
        harbor = self._find(task)
        with with_texts(harbor.tests, sources) as tests:
            changed = replace(harbor, task=task, tests=tests)
            return self._graded(changed, patch, sandboxes, name, limits)

    def _graded(
        self,
        harbor: HarborTask,
        patch: bytes,
        sandboxes: SandboxDriver,
        name: str,
        limits: SandboxLimits | None,
    ) -> Grade:
        workspace = self._workspaces.of(harbor.workspace)

        def reference() -> Candidate:
            solution = self.solution(harbor.task, sandboxes, f"{name}-s")
            return lay_out(harbor, workspace, solution)

        try:
            candidate = lay_out(harbor, workspace, patch)
        except PatchRefusedError as error:
            return Grade(Outcome.FAILED, str(error))
        bench = Bench(harbor, sandboxes, name, limits or SandboxLimits())
        has_solution = (harbor.solution / "solve.sh").is_file()
        return self._grader.grade(bench, candidate, reference if has_solution else None)

    def solution(self, task: Task, sandboxes: SandboxDriver, name: str) -> bytes:
        """Run the reference solution in a sandbox and return it as a patch.

        Raises: MachineError if there is none, or it fails.
        """
        harbor = self._find(task)
        if not (harbor.solution / "solve.sh").is_file():
            raise MachineError(f"task {task.id} has no solution/solve.sh")
        workspace = self._workspaces.of(harbor.workspace)
        limits = harbor.environment.raised(SandboxLimits())
        spec = SandboxSpec(name, "verify", limits, environment=harbor.environment)
        with (
            sandboxes.open(spec) as sandbox,
            tempfile.TemporaryDirectory(prefix="dgm-solution-") as folder,
        ):
            paths = sandbox.paths
            sandbox.put(pack(harbor.workspace), paths.workspace)
            sandbox.put(pack(harbor.solution), paths.solution)
            result = sandbox.exec(
                ["bash", f"{paths.solution}/solve.sh"],
                cwd=paths.workspace,
                env={
                    **harbor.solution_variables,
                    "DGM_WORKSPACE": paths.workspace,
                    "DGM_SOLUTION": paths.solution,
                },
                timeout_s=task.timeout_s,
            )
            if result.exit_code != 0:
                raise MachineError(f"solve.sh of {task.id} failed: {result.stderr[-300:]!r}")
            tree = Path(folder) / "tree"
            tree.mkdir()
            sandbox.collect(paths.workspace, tree, max_bytes=64 << 20, max_files=20_000)
            return workspace.diff(tree)

    def hidden_files(self, task: Task) -> Sequence[Path]:
        """Tests and solution."""
        harbor = self._find(task)
        folders = (harbor.tests, harbor.solution)
        return [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]

    def _find(self, task: Task) -> HarborTask:
        try:
            return self._read.tasks[task.id]
        except KeyError:
            raise BenchmarkError(f"benchmark {self.name!r} has no task {task.id!r}") from None

    @cached_property
    def _read(self) -> _Read:
        if not self._folder.is_dir():
            raise BenchmarkError(f"no benchmark {str(self._folder)!r}: it is not a folder")
        read = _Read()
        for split, task_ids in (self._splits or _alternate(self._folder)).items():
            for task_id in task_ids:
                read.add(self._folder / task_id, self.name, split, self._prepared)
        if not read.tasks:
            raise BenchmarkError(_nothing(self._folder, read.left_out))
        return read


@dataclass(frozen=True, slots=True)
class _Read:
    """What was found in a folder: good tasks, and names of others with the reason."""

    tasks: dict[str, HarborTask] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, folder: Path, benchmark: str, split: Split, prepared: Path | None) -> None:
        """Read one task, or note in one line why not."""
        try:
            kept = read_prepared(prepared, folder) if prepared else None
            harbor = read_task(folder, benchmark, split, kept)
            self._refuse_twin(harbor)
        except BenchmarkError as error:
            self.left_out[folder.name] = str(error)
        except (UnicodeError, OSError) as error:
            self.left_out[folder.name] = f"task {folder.name}: it cannot be read: {error}"
        else:
            self.tasks[folder.name] = harbor

    def _refuse_twin(self, harbor: HarborTask) -> None:
        """Refuse what another task is already: of two with one digest, one is never measured."""
        for known in self.tasks.values():
            if known.task.digest == harbor.task.digest:
                raise BenchmarkError(
                    f"task {harbor.task.id}: it is the same as {known.task.id}; remove one of them"
                )
            if harbor.name and harbor.name == known.name:
                raise BenchmarkError(
                    f"task {harbor.task.id}: {harbor.name} is the name of {known.task.id}; rename "
                    "one of them"
                )


def _nothing(folder: Path, left_out: Mapping[str, str]) -> str:
    if not left_out:
        return f"no tasks below {str(folder)!r}: each is a folder with a task.toml"
    first, *others = left_out.values()
    more = f" (and {len(others)} more are left out)" if others else ""
    return f"no task of {str(folder)!r} can be used: {first}{more}"


def _alternate(folder: Path) -> Mapping[Split, Sequence[str]]:
    names = sorted(path.parent.name for path in folder.glob("*/task.toml"))
    return {Split.SEARCH: names[::2], Split.SEALED: names[1::2]}
