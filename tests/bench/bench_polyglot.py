"""Measure the share of the wall-clock that is the harness's own, on Polyglot's Python exercises.

    python tests/bench/bench_polyglot.py [bubblewrap] [docker]

The seed agent with the built-in model tries the exercises with two workers, after
`dgm bench prepare polyglot --languages python`: those it has not met yet twice, the others once
more. Work is what commands in sandboxes take: the agent's run, the hidden
tests. The rest of what two workers have of time is the harness: sandboxes opened and closed, files
in and out, the archive, and workers that wait at the end. The built-in model thinks inside the
agent's run.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[2]))

from dgm.cli import main as dgm
from dgm.records import Split
from dgm.resources import cache_folder
from dgm.sandbox.protocol import ExecResult
from dgm.sandbox.session import RunnerSandbox
from tests.bench.figures import timed

WORKERS = 2
LANGUAGES = 'benchmark.languages=["python"]'


def call(*words: str) -> None:
    """Run one command of the CLI, without what it prints."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        code = dgm(words)
    if code != 0:
        raise SystemExit(f"dgm {' '.join(words)} ended with {code}")


def measure(driver: str, archive: Path) -> None:
    """Print a row for one driver."""
    where = ("--archive", str(archive))
    words = ("--benchmark", "polyglot", "--children", "0", "--workers", str(WORKERS))
    call("evolve", "--name", driver, "--sandbox", driver, "--set", LANGUAGES, *words, *where)
    commands_s: list[float] = []
    run = RunnerSandbox.exec

    def timed_run(sandbox: RunnerSandbox, command: Sequence[str], **options: object) -> ExecResult:
        with timed(commands_s):
            return run(sandbox, command, **options)  # type: ignore[arg-type]

    started = time.monotonic()
    with mock.patch.object(RunnerSandbox, "exec", timed_run):
        for split in Split:
            call("eval", "seed", "--run", driver, "--split", split, "--attempts", "2", *where)
    wall_s = time.monotonic() - started
    work_s = sum(commands_s)
    share = 1 - work_s / (WORKERS * wall_s)
    print(
        f"| {driver} | {len(commands_s)} | {wall_s:.1f} | {work_s:.1f} | {share:.0%} |", flush=True
    )


def main() -> None:
    """Measure each driver that is named."""
    if not (cache_folder(os.environ) / "benchmarks" / "polyglot" / "source").is_dir():
        print("polyglot is not prepared; dgm bench prepare polyglot --languages python")
        return
    print("| sandbox | commands | wall-clock s | work s of two workers | harness |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="dgm-bench-") as folder:
        for driver in sys.argv[1:] or ["bubblewrap"]:
            measure(driver, Path(folder))


if __name__ == "__main__":
    main()
