"""Polyglot as a benchmark: exercises that were prepared, in the subset and languages asked for."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from random import Random

from dgm.benchmarks.contradiction import Contradiction
from dgm.benchmarks.polyglot import layout
from dgm.benchmarks.polyglot.exercises import Exercise, folders, read_exercise
from dgm.benchmarks.polyglot.falsehoods import Falsehood
from dgm.benchmarks.polyglot.grading import Candidate, grade, grade_false, lay_out
from dgm.benchmarks.polyglot.images import recipe_of
from dgm.benchmarks.polyglot.knowledge import Known, Solution, false_test_of, known_of
from dgm.benchmarks.polyglot.languages import find_language
from dgm.benchmarks.polyglot.prepared import Prepared, load
from dgm.benchmarks.polyglot.selection import ALL, lists, select, split_of
from dgm.benchmarks.polyglot.statement import statement_of
from dgm.benchmarks.polyglot.trial import Bench
from dgm.benchmarks.preparing import Choice
from dgm.benchmarks.protocol import Grade
from dgm.errors import BenchmarkError, PatchRefusedError
from dgm.records import Environment, Outcome, SandboxLimits, Split, Task
from dgm.sandbox.protocol import SandboxDriver, SandboxSpec
from dgm.workspaces import Workspaces

NAME = "polyglot"
GRADER_VERSION = "1"
AGENT_TIMEOUT_S = 600.0
GRADING_TIMEOUT_S = 180.0
_KNOWN = "known"


class Polyglot:
    """The exercises prepared below `home`.

    Usage::

        benchmark = Polyglot(cache_folder(os.environ) / "polyglot", workspaces, Choice("small"))
        benchmark.tasks(Split.SEARCH)
    """

    name = NAME
    grader_version = GRADER_VERSION

    def __init__(self, home: Path, workspaces: Workspaces, choice: Choice | None = None) -> None:
        self._home = home
        self._workspaces = workspaces
        self._choice = choice or Choice()

    def narrowed(self, choice: Choice) -> Polyglot:
        """Return the same with fewer tasks."""
        return Polyglot(self._home, self._workspaces, choice)

    def tasks(self, split: Split | None = None) -> Sequence[Task]:
        """All tasks in the order they are met. Raises: BenchmarkError."""
        return [task for task in self._tasks.values() if split is None or task.split is split]

    @property
    def left_out(self) -> Mapping[str, str]:
        """The exercises of the languages wanted that are no tasks, and why."""
        return {
            task_id: problem
            for task_id in self._folders
            if self._is_wanted(task_id) and (problem := self._problem(task_id))
        }

    def environment(self, task: Task) -> Environment:
        """The image of the task's language, or the sandbox's own."""
        return self._prepared.environments[self._find(task).language.name]

    def workspace(self, task: Task) -> Path:
        """The folder an agent's workspace is made of."""
        return workspace_of(self._home, self._find(task))

    def grade(
        self,
        task: Task,
        patch: bytes,
        sandboxes: SandboxDriver,
        name: str,
        limits: SandboxLimits | None = None,
    ) -> Grade:
        """Grade a patch in fresh sandboxes."""
        return self._graded(task, patch, self._bench(task, sandboxes, name, limits), grade)

    def contradiction(self, task: Task, random: Random) -> Contradiction | None:
        """Take the assertion made false that the reference solution failed; None before that."""
        del random
        false = false_test_of(self._home / _KNOWN, _key(task), self._find(task))
        return None if false is None else Contradiction({false.file: false.text}, is_certain=True)

    def grade_changed(
        self,
        task: Task,
        sources: Mapping[str, str],
        patch: bytes,
        sandboxes: SandboxDriver,
        name: str,
        limits: SandboxLimits | None = None,
    ) -> Grade:
        """Grade by the tests as they are, and with another text for one of their files."""
        ((file, text),) = sources.items()
        bench = self._bench(task, sandboxes, name, limits)
        original = self._tasks[task.id]
        return self._graded(original, patch, bench, partial(grade_false, Falsehood(file, text)))

    def _bench(
        self, task: Task, sandboxes: SandboxDriver, name: str, limits: SandboxLimits | None
    ) -> Bench:
        environment = self.environment(task)
        spec = SandboxSpec(
            name,
            "grading",
            limits or SandboxLimits(),
            packages=None if environment.image else self._prepared.packages,
            environment=environment,
        )
        return Bench(self._find(task), sandboxes, spec, task.grading_timeout_s)

    def _graded(
        self,
        task: Task,
        patch: bytes,
        bench: Bench,
        judge: Callable[[Bench, Candidate, Solution, Known], Grade],
    ) -> Grade:
        workspace = self._workspaces.of(self.workspace(task))
        try:
            candidate = lay_out(bench.exercise, workspace, patch)
        except PatchRefusedError as error:
            return Grade(Outcome.FAILED, str(error))

        def reference() -> Mapping[str, bytes]:
            solution = self.solution(task, bench.sandboxes, bench.spec.name)
            return lay_out(bench.exercise, workspace, solution).files

        known = known_of(self._home / _KNOWN, _key(task), bench, reference)
        return judge(bench, candidate, reference, known)

    def solution(self, task: Task, sandboxes: SandboxDriver, name: str) -> bytes:
        """Return the reference solution as a patch."""
        del sandboxes, name
        exercise = self._find(task)
        return reference_patch(exercise, self._workspaces, self.workspace(task))

    def hidden_files(self, task: Task) -> Sequence[Path]:
        """The tests as they are run, and all that `.meta` and folders like it say of solutions."""
        exercise = self._find(task)
        tests = [exercise.folder / path for path in layout.test_files(exercise)]
        told = [
            path
            for folder in sorted(exercise.folder.glob(".*"))
            if folder.name != ".docs"
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ]
        return [*tests, *told]

    def _find(self, task: Task) -> Exercise:
        try:
            return self._exercises[task.id]
        except KeyError:
            raise BenchmarkError(f"benchmark {self.name!r} has no task {task.id!r}") from None

    def _is_wanted(self, task_id: str) -> bool:
        return not self._choice.languages or _language(task_id) in self._choice.languages

    def _problem(self, task_id: str) -> str:
        """Say why an exercise is no task, nothing if it is one."""
        if reason := lists().left_out.get(task_id):
            return reason
        if _language(task_id) not in self._prepared.environments:
            return "it is not prepared; dgm bench prepare polyglot"
        found = self._read[task_id]
        return "" if isinstance(found, Exercise) else str(found)

    @cached_property
    def _prepared(self) -> Prepared:
        return load(self._home)

    @cached_property
    def _folders(self) -> Mapping[str, Path]:
        """All exercises there are, prepared or not: the splits are those of all."""
        source = self._home / "source"
        if not self._prepared.environments or not source.is_dir():
            raise BenchmarkError(
                "polyglot is not prepared; dgm bench prepare polyglot [--from DIR]"
            )
        return {f"{language.name}-{path.name}": path for language, path in folders(source)}

    @cached_property
    def _read(self) -> Mapping[str, Exercise | BenchmarkError]:
        """What came of reading each exercise that is wanted."""
        found: dict[str, Exercise | BenchmarkError] = {}
        for task_id, folder in self._folders.items():
            if self._is_wanted(task_id):
                try:
                    found[task_id] = read_exercise(find_language(_language(task_id)), folder)
                except BenchmarkError as error:
                    found[task_id] = error
        return found

    @cached_property
    def _chosen(self) -> Mapping[str, Split]:
        """The ids of the tasks with their splits, in the order they are met."""
        for language in self._choice.languages:
            find_language(language)
        splits = {
            task_id: split
            for task_id, split in split_of(self._folders).items()
            if self._is_wanted(task_id) and not self._problem(task_id)
        }
        search, sealed = select(splits, self._choice.subset or ALL, self._choice.languages)
        return {**dict.fromkeys(search, Split.SEARCH), **dict.fromkeys(sealed, Split.SEALED)}

    @cached_property
    def _exercises(self) -> Mapping[str, Exercise]:
        found = {task_id: self._read[task_id] for task_id in self._chosen}
        return {key: each for key, each in found.items() if isinstance(each, Exercise)}

    @cached_property
    def _tasks(self) -> Mapping[str, Task]:
        return {
            task_id: self._task(exercise, self._chosen[task_id])
            for task_id, exercise in self._exercises.items()
        }

    def _task(self, exercise: Exercise, split: Split) -> Task:
        """Make a task. Its digest covers its image, or, without one, the packages of its tests."""
        language, statement = exercise.language, statement_of(exercise)
        environment = self._prepared.environments[language.name]
        packages = None if environment.image else self._prepared.packages
        ground = (environment, packages.parent.name if packages else "")  # named by its contents
        work = (statement, exercise.command, AGENT_TIMEOUT_S, GRADING_TIMEOUT_S)
        decisive = (exercise.digest(), recipe_of(language), ground, work)
        return Task(
            id=exercise.id,
            benchmark=NAME,
            split=split,
            digest=hashlib.sha256(repr(decisive).encode()).hexdigest(),
            statement=statement,
            timeout_s=AGENT_TIMEOUT_S,
            grading_timeout_s=GRADING_TIMEOUT_S,
            difficulty=language.name,
        )


def _key(task: Task) -> str:
    """What decides what is known of a task's tests."""
    return f"{GRADER_VERSION} {task.digest}"


def _language(task_id: str) -> str:
    return task_id.partition("-")[0]


def workspace_of(home: Path, exercise: Exercise) -> Path:
    """Return where an exercise's workspace lies."""
    return home / "workspaces" / exercise.id


def reference_patch(exercise: Exercise, workspaces: Workspaces, base: Path) -> bytes:
    """Return the reference solution as a patch against a workspace."""
    with tempfile.TemporaryDirectory(prefix="dgm-solution-") as folder:
        tree = Path(folder)
        layout.write(layout.shown_files(exercise), tree)
        layout.write(layout.reference_files(exercise), tree)
        return workspaces.of(base).diff(tree)
