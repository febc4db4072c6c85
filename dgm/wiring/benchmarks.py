"""Which benchmarks there are, by name; every other name is a folder of Harbor tasks."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.benchmarks.preparing import Suite
from dgm.benchmarks.protocol import Benchmark
from dgm.benchmarks.quick import quick
from dgm.errors import BenchmarkError
from dgm.resources import cache_folder
from dgm.workspaces import Workspaces

QUICK = Suite(
    "quick",
    "small Python programs with believable bugs",
    open=lambda _, workspaces: quick(workspaces),
)
SUITES: Mapping[str, Suite] = {suite.name: suite for suite in (QUICK,)}
BENCHMARKS = tuple(SUITES)


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


def cache_of(suite: Suite, folder: Path | None = None) -> Path:
    """Return where what is prepared of a benchmark is kept."""
    folder = folder or cache_folder(os.environ)
    return folder / "benchmarks" / suite.name


def open_benchmark(name: str, workspaces: Workspaces) -> Benchmark:
    """Return a benchmark by name, or a folder of Harbor tasks. Raises: BenchmarkError."""
    suite = find_suite(name)
    return suite.open(cache_of(suite), workspaces)


def _folder_suite(folder: Path) -> Suite:
    place = hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]
    readable = re.sub(r"[^A-Za-z0-9._-]", "-", folder.name)[:40]
    return Suite(
        f"{readable}-{place}",
        f"the Harbor tasks in {folder}",
        open=lambda _, workspaces: DirectoryBenchmark(folder.name, folder, workspaces),
    )
