"""SWE-bench as `dgm bench` knows it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dgm.benchmarks.preparing import Means, Suite, Wishes
from dgm.benchmarks.swebench.benchmark import NAME, SweBench
from dgm.benchmarks.swebench.package import DATASETS, fetch, version_of_package
from dgm.benchmarks.swebench.prepare import Workshop, still_missing
from dgm.benchmarks.swebench.rows import read_rows
from dgm.benchmarks.swebench.subsets import spelled_out
from dgm.errors import BenchmarkError
from dgm.sandbox.containers.driver import Docker
from dgm.sandbox.packages import Shelf
from dgm.titles import counted
from dgm.workspaces import Workspaces


def suite(environment: Mapping[str, str]) -> Suite:
    """Return the suite; of `environment`, what fetches rows and packages gets its settings."""

    def prepare(wishes: Wishes, means: Means) -> None:
        _prepare(wishes, means, environment)

    return Suite(
        NAME,
        "issues of Python projects, with the tests that came with their fixes (SWE-bench)",
        open=_open,
        prepare=prepare,
        takes=frozenset({"rows", "dataset", "only"}),
    )


def _open(cache: Path, workspaces: Workspaces) -> SweBench:
    """Open what is prepared. Raises: BenchmarkError if nothing is, or the package is missing."""
    version_of_package()
    benchmark = SweBench(cache / "tasks", workspaces)
    benchmark.tasks()
    return benchmark


def _prepare(wishes: Wishes, means: Means, environment: Mapping[str, str]) -> None:
    """Prepare the rows that are wished for. Raises: UserError, MachineError."""
    version_of_package()
    engine = means.needed_engine()
    means.cache.mkdir(parents=True, exist_ok=True)
    rows = read_rows(_rows_file(wishes, means, environment), spelled_out(wishes.only))
    for line in rows.refused:
        means.say(f"swebench: left out {line}")
    home = means.cache / "tasks"
    missing = still_missing(engine, home, rows)
    if ready := len(rows.rows) - len(missing.rows):
        means.say(f"swebench: {counted(ready, 'task')} prepared already")
    if missing.rows or missing.refused:
        shelf = Shelf(means.cache, environment, means.say)
        with Docker(engine, means.base) as sandboxes:
            troubles = Workshop(engine, sandboxes, shelf, home).prepare(missing)
        means.say(f"swebench: {counted(len(troubles), 'row')} left out")


def _rows_file(wishes: Wishes, means: Means, environment: Mapping[str, str]) -> Path:
    """Return the file of rows; a data set's is fetched once. Raises: BenchmarkError."""
    if bool(wishes.rows) == bool(wishes.dataset):
        raise BenchmarkError(
            "SWE-bench is prepared of a file of rows or of a data set; name one: --rows FILE.jsonl "
            f"or --dataset {'|'.join(DATASETS)}"
        )
    if wishes.rows:
        return wishes.rows
    if wishes.dataset not in DATASETS:
        raise BenchmarkError(
            f"--dataset {wishes.dataset!r} is unknown; choose {', '.join(DATASETS)}"
        )
    file = means.cache / f"{wishes.dataset}.jsonl"
    means.say(f"swebench: fetching the rows of {DATASETS[wishes.dataset]}, unless they are here")
    fetch(wishes.dataset, file, environment)
    return file
