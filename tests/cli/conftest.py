"""A place to stand, and `dgm` called the way a user calls it: as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dgm.resources import cache_folder
from tests.machine import write_benchmark, write_learner

CHECKOUT = Path(__file__).resolve().parents[2]
TINY = (
    *("--benchmark", "tasks", "--seed-agent", "learner", "--workers", "1", "--children", "1"),
    *("--set", "benchmark.stages=[3]"),
)
NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}  # the same on every machine


@dataclass(frozen=True)
class Place:
    """A folder with a tiny benchmark and a tiny seed agent, where `dgm` is called."""

    path: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, object]:
        """What a process of `dgm` is started with here."""
        ours = {"PYTHONPATH": str(CHECKOUT), "PYTHONWARNINGS": "error", "NO_COLOR": "1"}
        cache = {"XDG_CACHE_HOME": str(self.path / "cache")}
        environment = {**os.environ, **ours, **NO_ENGINE, **cache, **self.environment}
        return {"cwd": self.path, "env": environment, "text": True}

    def dgm(self, *words: str, timeout_s: float = 60) -> "subprocess.CompletedProcess[str]":
        """Call `dgm` and wait for its end."""
        return self.python("-m", "dgm", *words, timeout_s=timeout_s)

    def python(self, *words: str, timeout_s: float = 60) -> "subprocess.CompletedProcess[str]":
        """Call Python here, which finds the package, and wait for its end."""
        command = [sys.executable, *words]
        return subprocess.run(
            command, capture_output=True, timeout=timeout_s, stdin=subprocess.DEVNULL,
            **self.settings,
        )  # fmt: skip

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Call `dgm` and go on; its output can be read."""
        command = [sys.executable, "-m", "dgm", *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, **self.settings)

    def evolve(self, name: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """Evolve a tiny run of one child."""
        return self.dgm("evolve", "--name", name, *TINY, *words)


def furnish(folder: Path) -> Place:
    """Lay out a tiny benchmark, a seed agent that can evolve, and a cache of packages alone.

    Packages are named by their contents, so that all may share them.
    """
    write_benchmark(folder / "tasks")
    write_learner(folder / "learner", skill=1)
    packages = cache_folder(os.environ) / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    (folder / "cache" / "dgm").mkdir(parents=True)
    (folder / "cache" / "dgm" / "packages").symlink_to(packages)
    return Place(folder)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A furnished folder without runs."""
    return furnish(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, bubblewrapped: object) -> Place:
    """A furnished folder with one finished run, `tiny`; for reading only."""
    place = furnish(tmp_path_factory.mktemp("finished"))
    done = place.evolve("tiny")
    assert done.returncode == 0, done.stderr
    return place


def complaint(done: "subprocess.CompletedProcess[str]", code: int = 2) -> str:
    """The one line that `dgm` said beside its output, having failed with that code.

    Before it a command may have told which sandbox it opens.
    """
    assert done.returncode == code, (done.stdout, done.stderr)
    said = done.stderr.splitlines()
    lines = said[1:] if said and said[0].startswith("dgm: sandbox: ") else said
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("dgm: ")
    return lines[0]
