"""How a kind of benchmark is named, prepared and opened: what `dgm bench` knows of each.

A suite is one value, listed in `dgm.wiring.benchmarks`. Preparing may reach the network and build
images; opening never does, and takes no longer than reading a few files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dgm.benchmarks.protocol import Benchmark
from dgm.errors import SandboxUnavailableError
from dgm.sandbox.packages import Packages
from dgm.sandbox.progress import Say
from dgm.workspaces import Workspaces

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True, slots=True)
class Wishes:
    """What `dgm bench prepare` was asked for besides a name; a suite says which of it it takes.

    `source` is a local copy in place of a download, `rows` a file of rows, `dataset` the name of a
    data set; `only` are ids of tasks; `images`: whether every task gets an image of its own.
    """

    source: Path | None = None
    rows: Path | None = None
    dataset: str = ""
    languages: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    images: bool = False

    def given(self) -> tuple[str, ...]:
        """The names of the options that were given."""
        found = {
            "from": self.source,
            "rows": self.rows,
            "dataset": self.dataset,
            "languages": self.languages,
            "only": self.only,
            "images": self.images,
        }
        return tuple(name for name, value in found.items() if value)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which tasks of a benchmark are wanted: a named subset, and languages; all if neither is."""

    subset: str = ""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Means:
    """What preparing works with: a cache folder of the benchmark's own, an engine, a voice.

    `engine` is None where there is none; `trouble` then says why. `base` is the image of the
    sandboxes without a task. `fetch` has Python packages laid out that graders can import;
    `proxies` (`https_proxy`, ...) serve downloads by the host alone.
    """

    cache: Path
    say: Say
    fetch: Callable[[Sequence[str]], Packages]
    engine: DockerClient | None = None
    base: str = ""
    trouble: str = ""
    proxies: Mapping[str, str] = field(default_factory=dict)

    def needed_engine(self) -> DockerClient:
        """Return the engine. Raises: SandboxUnavailableError, with the reason, without one."""
        if self.engine is None:
            raise SandboxUnavailableError(self.trouble or "no Docker engine")
        return self.engine


@dataclass(frozen=True, slots=True)
class Suite:
    """A kind of benchmark: `about` in one line, `takes` the names of the options of preparing it.

    `place` is the folder of tasks, None for one that goes by its name.

    `open(cache, workspaces)` raises BenchmarkError, with the remedy, while there is nothing
    prepared. `prepare` does what is not done yet and says what it does; None: there is nothing to
    prepare. It may be stopped at any moment, and goes on there the next time. `choose` narrows an
    opened benchmark down; None: it has neither subsets nor languages. `is_vouched`: its tasks were
    verified before they were published, and are run without a verdict of this machine.
    """

    name: str
    about: str
    open: Callable[[Path, Workspaces], Benchmark]
    prepare: Callable[[Wishes, Means], None] | None = None
    takes: frozenset[str] = frozenset()
    place: Path | None = None
    choose: Callable[[Benchmark, Choice], Benchmark] | None = None
    is_vouched: bool = False
