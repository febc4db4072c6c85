"""Exercises of our own in six languages, prepared once a session in real containers.

The tests of the exercises are no tests of the project.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from dgm.benchmarks.polyglot import SUITE, Polyglot
from dgm.benchmarks.polyglot.layout import write
from dgm.benchmarks.preparing import Means, Wishes
from dgm.benchmarks.protocol import Grade
from dgm.records import Task
from dgm.resources import cache_folder
from dgm.sandbox import images
from dgm.sandbox.bubblewrap import Bubblewrap
from dgm.sandbox.containers.driver import Docker
from dgm.sandbox.engine import connect
from dgm.sandbox.packages import Packages, Shelf
from dgm.sandbox.protocol import SandboxDriver
from dgm.workspaces import Workspaces

collect_ignore = ["exercises"]
EXERCISES = Path(__file__).with_name("exercises")


@dataclass(frozen=True)
class Ground:
    """A prepared benchmark, and the sandboxes it is graded in."""

    benchmark: Polyglot
    workspaces: Workspaces
    sandboxes: SandboxDriver

    def task(self, task_id: str) -> Task:
        return next(task for task in self.benchmark.tasks() if task.id == task_id)

    def solution(self, task_id: str) -> bytes:
        return self.benchmark.solution(self.task(task_id), self.sandboxes, "solution")

    def patch(
        self, task_id: str, folder: Path, changes: dict[str, str], *, solved: bool = False
    ) -> bytes:
        """Make the patch of an agent that wrote these files, over the solution if it solved it."""
        workspace = self.workspaces.of(self.benchmark.workspace(self.task(task_id)))
        tree = folder / "tree"
        if solved:
            tree.mkdir()
            workspace.apply(self.solution(task_id), tree)
        else:
            shutil.copytree(workspace.source, tree)
        write({path: text.encode() for path, text in changes.items()}, tree)
        return workspace.diff(tree)

    def grade(self, task_id: str, patch: bytes) -> Grade:
        name = f"t{os.getpid()}-{task_id}"
        return self.benchmark.grade(self.task(task_id), patch, self.sandboxes, name)


@pytest.fixture(scope="session")
def docker_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """All six languages, each in its image; images that are missing are built."""
    place = tmp_path_factory.mktemp("polyglot")
    with ExitStack() as stack:
        engine = stack.enter_context(closing(connect(os.environ.get("DOCKER_HOST", ""))))
        base = images.there(engine)
        sandboxes = stack.enter_context(Docker(connect(os.environ.get("DOCKER_HOST", "")), base))
        # The engine's base may have to be made: it is kept where every other build looks for it.
        benchmarks = cache_folder(os.environ) / "benchmarks"
        benchmarks.mkdir(parents=True, exist_ok=True)
        cache = Path(tempfile.mkdtemp(prefix="tests-polyglot-", dir=benchmarks))
        stack.callback(shutil.rmtree, cache, ignore_errors=True)
        means = Means(cache, print, _nothing, engine, base)
        SUITE.prepare(Wishes(source=EXERCISES, images=True), means)
        yield _ground(cache, place, sandboxes)


@pytest.fixture(scope="session")
def bubblewrap_ground(
    tmp_path_factory: pytest.TempPathFactory, bubblewrapped: Bubblewrap
) -> Ground:
    """Python alone, where there is no engine."""
    place = tmp_path_factory.mktemp("polyglot")
    shelf = Shelf(cache_folder(os.environ), os.environ, print)
    means = Means(
        place / "home",
        print,
        lambda requirements: shelf.provide(requirements, bubblewrapped),
        trouble="no engine",
    )
    SUITE.prepare(Wishes(source=EXERCISES), means)
    return _ground(place / "home", place, bubblewrapped)


def _nothing(requirements: Sequence[str]) -> Packages:
    raise AssertionError(f"images hold all that is needed, but {requirements} were asked for")


def _ground(home: Path, place: Path, sandboxes: SandboxDriver) -> Ground:
    workspaces = Workspaces(place / "workspaces")
    return Ground(Polyglot(home, workspaces), workspaces, sandboxes)
