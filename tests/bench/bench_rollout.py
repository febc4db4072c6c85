"""Measure what a rollout costs beyond the agent's own run time, and where it goes.

    python tests/bench/bench_rollout.py [bubblewrap] [docker]

A trivial agent makes one model call and edits one file of a tiny repository; one rollout at a time.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[2]))

from dgm.records import Outcome
from dgm.sandbox.protocol import Sandbox, SandboxDriver, SandboxSpec
from dgm.sandbox.session import RunnerSandbox
from dgm.steps.evaluate import Evaluate
from dgm.steps.laboratory import Laboratory
from dgm.workspaces import Workspace
from tests.bench.figures import print_head, print_times, timed
from tests.bench.trivial import make_driver, trivial_work, usable_drivers

ROLLOUTS = 40
PARTS: tuple[tuple[str, Any, str], ...] = (
    ("put", RunnerSandbox, "put"),
    ("exec", RunnerSandbox, "exec"),
    ("collect", RunnerSandbox, "collect"),
    ("diff", Workspace, "diff"),
)


class Watched:
    """A driver whose sandboxes are timed, how long they take to open and to close."""

    def __init__(self, driver: SandboxDriver) -> None:
        self._driver = driver
        self.opening_s: list[float] = []
        self.closing_s: list[float] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._driver, name)

    @contextmanager
    def open(self, spec: SandboxSpec) -> Iterator[Sandbox]:
        """Open a sandbox."""
        with ExitStack() as stack:
            with timed(self.opening_s):
                sandbox = stack.enter_context(self._driver.open(spec))
            yield sandbox
            with timed(self.closing_s):
                stack.close()


@contextmanager
def watched_parts() -> Iterator[dict[str, list[float]]]:
    """Time every call of the parts of a rollout."""
    times_s: dict[str, list[float]] = defaultdict(list)

    def watched(part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed_call(*words: Any, **options: Any) -> Any:
            with timed(times_s[part]):
                return call(*words, **options)

        return timed_call

    with ExitStack() as stack:
        for part, owner, name in PARTS:
            patch = mock.patch.object(owner, name, watched(part, getattr(owner, name)))
            stack.enter_context(patch)
        yield times_s


def measure_alone(lab: Laboratory, unit: Evaluate) -> None:
    """Measure rollouts without grading, and their parts."""
    whole_s: list[float] = []
    overhead_s = []
    lab.runner.run(replace(unit, rollout_id="warm-up").order(lab))
    watched = lab.runner.sandboxes
    watched.opening_s.clear()
    watched.closing_s.clear()
    with watched_parts() as parts_s:
        for number in range(ROLLOUTS):
            order = replace(unit, rollout_id=f"alone-{number}").order(lab)
            with timed(whole_s):
                work = lab.runner.run(order)
            overhead_s.append(whole_s[-1] - work.agent_s)
    print_times("overhead without grading", overhead_s)
    parts_s = {"open": watched.opening_s, **parts_s, "close": watched.closing_s}
    for part, times_s in parts_s.items():
        print_times(f"of it {part}" if part != "exec" else "beside it exec, the agent", times_s)
    columns = zip(whole_s, *parts_s.values(), strict=True)
    print_times("of it the rest", [2 * row[0] - sum(row) for row in columns])


def measure_graded(lab: Laboratory, unit: Evaluate) -> None:
    """Measure rollouts with grading."""
    overhead_s = []
    for number in range(ROLLOUTS):
        rollout = replace(unit, rollout_id=f"graded-{number}").perform(lab)
        if rollout.outcome is not Outcome.SOLVED:
            raise SystemExit(f"the agent should solve its task: {rollout}")
        overhead_s.append(rollout.total_s - rollout.agent_s)
    print_times("overhead with grading", overhead_s)


def main() -> None:
    """Measure both in one place, for each driver that is named."""
    for name in sys.argv[1:] or usable_drivers():
        with (
            tempfile.TemporaryDirectory() as scratch,
            make_driver(name) as driver,
            trivial_work(Path(scratch), Watched(driver)) as (lab, unit),
        ):
            print_head(f"rollout in {name}")
            measure_alone(lab, unit)
            measure_graded(lab, unit)


if __name__ == "__main__":
    main()
