"""Which benchmarks there are, by name; every other name is a folder of Harbor tasks."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.benchmarks.harborprepare import PREPARED, prepare_folder
from dgm.benchmarks.polyglot import SUITE as POLYGLOT
from dgm.benchmarks.preparing import Choice, Means, Suite
from dgm.benchmarks.protocol import Benchmark
from dgm.benchmarks.quick import quick
from dgm.benchmarks.standing import Checked, Standings
from dgm.benchmarks.swebench.suite import suite as swebench
from dgm.config import Config
from dgm.errors import BenchmarkError, ConfigError, SandboxError
from dgm.resources import cache_folder
from dgm.sandbox import images
from dgm.sandbox.engine import connect
from dgm.sandbox.packages import Packages, Shelf
from dgm.sandbox.progress import Say
from dgm.sandbox.protocol import SandboxDriver
from dgm.workspaces import Workspaces

QUICK = Suite(
    "quick",
    "small Python programs with believable bugs",
    open=lambda _, workspaces: quick(workspaces),
    is_vouched=True,
)
SUITES: Mapping[str, Suite] = {
    suite.name: suite for suite in (QUICK, POLYGLOT, swebench(os.environ))
}
BENCHMARKS = tuple(SUITES)
_FOLDER_NOTE = "folder.txt"
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def find_suite(name: str) -> Suite:
    """Return a suite by name, or that of a folder of Harbor tasks. Raises: BenchmarkError."""
    if name in SUITES:
        return SUITES[name]
    folder = Path(name)
    if not folder.is_dir():
        raise BenchmarkError(
            f"unknown benchmark {name!r}; choose {', '.join(BENCHMARKS)} or a folder of Harbor "
            "tasks"
        )
    return _folder_suite(folder.resolve())


def known_suites() -> tuple[Suite, ...]:
    """Return all suites, and the folders that were prepared and are still there."""
    noted = sorted(_cache().glob(f"*/{_FOLDER_NOTE}"))
    folders = [Path(path.read_text(encoding="utf-8")) for path in noted]
    return (*SUITES.values(), *(_folder_suite(folder) for folder in folders if folder.is_dir()))


def cache_of(suite: Suite) -> Path:
    """Return where what is prepared of a benchmark is kept."""
    return _cache() / suite.name


def _cache() -> Path:
    return cache_folder(os.environ) / "benchmarks"


def open_benchmark(name: str, workspaces: Workspaces, choice: Choice | None = None) -> Checked:
    """Return a benchmark, or a folder of Harbor tasks, without what was found to be unsound.

    Raises: BenchmarkError, ConfigError if there is no such choice.
    """
    suite = find_suite(name)
    whole = open_whole(suite, workspaces)
    if choice is not None and choice != Choice():
        if suite.choose is None:
            raise ConfigError(
                f"benchmark.subset and benchmark.languages say nothing of {name!r}; leave them out"
            )
        whole = suite.choose(whole, choice)
    return Checked(whole, standings_of(suite))


def choice_of(config: Config) -> Choice:
    """Return what the settings of a run choose."""
    return Choice(config.benchmark.subset, config.benchmark.languages)


def open_whole(suite: Suite, workspaces: Workspaces) -> Benchmark:
    """Return a benchmark with all its tasks, sound or not. Raises: BenchmarkError."""
    return suite.open(cache_of(suite), workspaces)


def standings_of(suite: Suite) -> Standings:
    """Return where the verdicts on a benchmark's tasks are kept."""
    return Standings(cache_of(suite) / "verified")


@contextmanager
def preparing(
    suite: Suite, say: Say, sandboxes: Callable[[ExitStack], SandboxDriver]
) -> Iterator[Means]:
    """Provide what preparing works with; an engine that cannot be had is no error here.

    `sandboxes` opens a driver when it is first needed.
    """
    cache = cache_of(suite)
    cache.mkdir(parents=True, exist_ok=True)
    if suite.place is not None:
        (cache / _FOLDER_NOTE).write_text(str(suite.place), encoding="utf-8")
    with ExitStack() as stack:

        def fetch(requirements: Sequence[str]) -> Packages:
            shelf = Shelf(cache_folder(os.environ), os.environ, say)
            return shelf.provide(requirements, sandboxes(stack))

        try:
            client = stack.enter_context(closing(connect(os.environ.get("DOCKER_HOST", ""))))
            base = images.there(client)
        except SandboxError as error:
            yield Means(cache, say, fetch, trouble=str(error), proxies=_proxies())
            return
        yield Means(cache, say, fetch, client, base, proxies=_proxies())


def _proxies() -> Mapping[str, str]:
    return {name: os.environ[name] for name in _PROXIES if name in os.environ}


def _folder_suite(folder: Path) -> Suite:
    place = hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]
    readable = re.sub(r"[^A-Za-z0-9._-]", "-", folder.name)[:40]
    return Suite(
        f"{readable}-{place}",
        f"the Harbor tasks in {folder}",
        open=lambda cache, workspaces: DirectoryBenchmark(
            folder.name, folder, workspaces, prepared=cache / PREPARED
        ),
        prepare=lambda wishes, means: prepare_folder(folder, wishes, means),
        takes=frozenset({"only", "images"}),
        place=folder,
    )
