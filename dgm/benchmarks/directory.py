"""A folder of Harbor tasks as a benchmark."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from dgm.benchmarks.grading import Candidate, Grader, lay_out
from dgm.benchmarks.harbor import HarborTask, read_task
from dgm.benchmarks.protocol import Grade
from dgm.benchmarks.trial import Bench
from dgm.errors import BenchmarkError, MachineError, PatchRefusedError
from dgm.records import Outcome, SandboxLimits, Split, Task
from dgm.sandbox.protocol import SandboxDriver, SandboxSpec
from dgm.sandbox.transfer import pack
from dgm.workspaces import Workspaces


class DirectoryBenchmark:
    """Tasks below one folder.

    Usage::

        benchmark = DirectoryBenchmark("mine", Path("my-tasks"), Workspaces(cache))
        benchmark.tasks(Split.SEARCH)

    `splits` lists the task ids of each split in the order they are met; without it, every second
    task in the order of names is sealed.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        workspaces: Workspaces,
        splits: Mapping[Split, Sequence[str]] | None = None,
    ) -> None:
        self.name = name
        self._folder = folder
        self._workspaces = workspaces
        self._splits = splits
        self._grader = Grader()

    @property
    def grader_version(self) -> str:
        """Changes whenever the same patch could be graded otherwise."""
        return "3"

    def tasks(self, split: Split | None = None) -> Sequence[Task]:
        """All tasks in the order they are met. Raises: BenchmarkError."""
        every = [harbor.task for harbor in self._harbor_tasks.values()]
        return [task for task in every if split is None or task.split is split]

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
        harbor = self._find(task)
        workspace = self._workspaces.of(harbor.workspace)

        def reference() -> Candidate:
            return lay_out(harbor, workspace, self.solution(task, sandboxes, f"{name}-s"))

        try:
            candidate = lay_out(harbor, workspace, patch)
        except PatchRefusedError as error:
            return Grade(Outcome.FAILED, str(error))
        bench = Bench(harbor, sandboxes, name, limits or SandboxLimits())
        has_solution = (harbor.solution / "solve.sh").is_file()
        return self._grader.grade(bench, candidate, reference if has_solution else None)

    def solution(self, task: Task, sandboxes: SandboxDriver, name: str) -> bytes:
        """Run the reference solution in a sandbox and return it as a patch."""
        harbor = self._find(task)
        workspace = self._workspaces.of(harbor.workspace)
        with (
            sandboxes.open(SandboxSpec(name=name, run="verify")) as sandbox,
            tempfile.TemporaryDirectory(prefix="dgm-solution-") as folder,
        ):
            paths = sandbox.paths
            sandbox.put(pack(harbor.workspace), paths.workspace)
            sandbox.put(pack(harbor.solution), paths.solution)
            result = sandbox.exec(
                ["bash", f"{paths.solution}/solve.sh"],
                cwd=paths.workspace,
                env={"DGM_WORKSPACE": paths.workspace, "DGM_SOLUTION": paths.solution},
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
            return self._harbor_tasks[task.id]
        except KeyError:
            raise BenchmarkError(f"benchmark {self.name!r} has no task {task.id!r}") from None

    @cached_property
    def _harbor_tasks(self) -> Mapping[str, HarborTask]:
        if not self._folder.is_dir():
            raise BenchmarkError(f"no benchmark {str(self._folder)!r}: it is not a folder")
        splits = self._splits or _alternate(self._folder)
        found = {
            task_id: read_task(self._folder / task_id, self.name, split)
            for split, task_ids in splits.items()
            for task_id in task_ids
        }
        if not found:
            raise BenchmarkError(
                f"no tasks below {str(self._folder)!r}: each is a folder with a task.toml"
            )
        _refuse_twins([harbor.task for harbor in found.values()])
        return found


def _refuse_twins(tasks: Sequence[Task]) -> None:
    """Work is known by its digest: of two equal tasks, one would never be measured."""
    first: dict[str, str] = {}
    for task in tasks:
        twin = first.setdefault(task.digest, task.id)
        if twin != task.id:
            raise BenchmarkError(f"tasks {twin} and {task.id} are the same; remove one of them")


def _alternate(folder: Path) -> Mapping[Split, Sequence[str]]:
    names = sorted(path.parent.name for path in folder.glob("*/task.toml"))
    return {Split.SEARCH: names[::2], Split.SEALED: names[1::2]}
