"""Run many rollouts, in a row and side by side, and look for what they leave behind.

    python tests/bench/soak.py [--driver docker] [--rollouts 200] [--workers 16]

Prints one line a check and ends with 1 if any fails.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from dgm.fanout import ThreadFanOut
from dgm.records import Outcome, Rollout
from dgm.sandbox.containers import labels
from dgm.sandbox.protocol import Sandbox, SandboxDriver, SandboxSpec
from dgm.steps.evaluate import Evaluate
from dgm.steps.laboratory import Laboratory
from tests.bench import traces
from tests.bench.figures import print_head, print_times, timed
from tests.bench.traces import Marks, settled
from tests.bench.trivial import DRIVERS, make_driver, trivial_work, usable_drivers

ALLOWED_GROWTH_MB = 32.0
_WARM_UP = 5


@dataclass
class Seen:
    """A driver that remembers what its sandboxes were, and how long each took to open.

    `overlooked` names what was not found of the first one while it was there: where a look finds
    nothing of a living sandbox, it shows nothing about one that is gone.
    """

    driver: SandboxDriver
    marks: Marks = field(default_factory=Marks)
    opening_s: list[float] = field(default_factory=list)
    overlooked: tuple[str, ...] | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self.driver, name)

    @contextmanager
    def open(self, spec: SandboxSpec) -> Iterator[Sandbox]:
        """Open a sandbox."""
        with ExitStack() as stack:
            with timed(self.opening_s):
                sandbox = stack.enter_context(self.driver.open(spec))
            place = sandbox._place
            self.marks.folder = place.control.parents[1]
            if self.driver.name == "docker":
                self.marks.containers.add(place.count_oom_kills.container)
                first = (place.count_oom_kills.group / "cgroup.procs").read_text().split()[0]
                self.marks.add_user(traces.user_of(Path("/proc", first)))
            else:
                self.marks.add_user(place.control.parent.stat().st_gid)
            if self.overlooked is None:
                self.overlooked = overlooked(sandbox, self.marks)
            yield sandbox


@dataclass(frozen=True)
class Standing:
    """What this process holds at a moment."""

    memory_mb: float
    descriptors: int
    threads: int

    @classmethod
    def now(cls) -> Standing:
        """Look."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        memory_mb = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        return cls(memory_mb, descriptors, threading.active_count())


def soak(name: str, rollouts: int, workers: int) -> Mapping[str, bool]:
    """Do both, and return each check with whether it held."""
    with make_driver(name):  # what is imported and opened once and for all is there from now on
        before = Outside.now(name)
    opened = Standing.now()
    seen = Seen(make_driver(name))
    with (
        tempfile.TemporaryDirectory() as scratch,
        seen.driver,
        trivial_work(Path(scratch), seen) as (lab, unit),
    ):
        in_a_row(lab, unit, _WARM_UP)
        first = Standing.now()
        print_head("opening a sandbox")
        with measured(seen, f"{rollouts} rollouts in a row"):
            alone = in_a_row(lab, unit, rollouts)
        last = Standing.now()
        with measured(seen, f"{rollouts} rollouts, {workers} workers"):
            together = side_by_side(lab, unit, rollouts, workers)
    closed = Standing.now()
    print(f"memory {first.memory_mb:.1f} MiB at first, {last.memory_mb:.1f} MiB at last")
    return {
        "every rollout in a row was solved": are_solved(alone, rollouts),
        "every rollout side by side was solved": are_solved(together, rollouts),
        "memory within 32 MiB": last.memory_mb - first.memory_mb < ALLOWED_GROWTH_MB,
        "no descriptor is left open": closed.descriptors <= opened.descriptors,
        "no thread is left": closed.threads <= opened.threads,
        **remains(seen, before),
    }


@contextmanager
def measured(seen: Seen, what: str) -> Iterator[None]:
    """Print how long sandboxes took to open, and how long it took in all."""
    seen.opening_s.clear()
    began = time.monotonic()
    yield
    print_times(f"{what}, {time.monotonic() - began:.0f} s", seen.opening_s)


def in_a_row(lab: Laboratory, unit: Evaluate, times: int) -> list[Rollout]:
    """Do the same work so many times."""
    number = len(list(lab.folder.glob("rollouts/*")))
    return [replace(unit, rollout_id=f"row-{number}-{each}").perform(lab) for each in range(times)]


def side_by_side(lab: Laboratory, unit: Evaluate, times: int, workers: int) -> list[Rollout]:
    """Do the same work so many times, several at a time. Raises: what any of it raised."""
    found: list[Rollout] = []
    with ThreadFanOut[Rollout](workers) as fanout:
        for each in range(times):
            fanout.submit(partial(replace(unit, rollout_id=f"side-{each}").perform, lab))
        while len(found) < times:
            done = fanout.wait(1.0)
            if done is not None:
                if done.result is None:
                    raise done.error or LookupError("a rollout ended without a result")
                found.append(done.result)
    return found


def are_solved(rollouts: list[Rollout], expected: int) -> bool:
    """Whether all were solved; others are named."""
    others = [each for each in rollouts if each.outcome is not Outcome.SOLVED]
    for each in others[:5]:
        print(f"     {each.rollout_id}: {each.outcome} {each.detail}")
    return len(rollouts) == expected and not others


@dataclass(frozen=True)
class Outside:
    """What is there before and should be there after."""

    networks: frozenset[str]
    folders: frozenset[Path]

    @classmethod
    def now(cls, name: str) -> Outside:
        """Look."""
        return cls(_networks() if name == "docker" else frozenset(), traces.folders())


def _networks() -> frozenset[str]:
    with _engine() as client:
        return frozenset(network.id for network in client.networks.list())


def remains(seen: Seen, before: Outside) -> Mapping[str, bool]:
    """Look for what the sandboxes left, among all that others have on this machine."""
    marks = seen.marks
    checks = {
        "a living sandbox is found": seen.overlooked == (),
        "no folder is left": settled(lambda: traces.left_folders(marks, before.folders)),
        "no process is left": not told(traces.left_processes(marks)),
        "no control group is left": settled(lambda: traces.left_groups(marks)),
        "no mount is left": not traces.left_mounts(marks),
    }
    if seen.driver.name == "docker":
        checks["no network is left"] = _networks() <= before.networks
        checks["no container is left"] = not left_containers(marks.folder)
    return checks


def overlooked(sandbox: Sandbox, marks: Marks) -> tuple[str, ...]:
    """Look for a living sandbox, and return what of it was not found."""
    found = {
        "folder": marks.folder in traces.left_folders(marks, frozenset()),
        "process": traces.left_processes(marks),
        "control group": traces.left_groups(marks) or not _has_group(sandbox),
    }
    return tuple(name for name, is_found in found.items() if not is_found)


def _has_group(sandbox: Sandbox) -> bool:
    """Whether its memory is bounded by a control group; there may be none without root."""
    return bool({"memory:cgroup", "memory:docker"} & set(sandbox.limits_in_force))


def told(found: Mapping[int, str]) -> Mapping[int, str]:
    """Name what was found, and return it."""
    for pid, words in found.items():
        print(f"     process {pid}: {words[:200]}")
    return found


def left_containers(folder: Path) -> list[str]:
    """Ids of the containers of a driver, in whatever state."""
    with _engine() as client:
        chosen = {"label": f"{labels.OWNER}={folder}"}
        return [each["Id"] for each in client.api.containers(all=True, filters=chosen)]


@contextmanager
def _engine() -> Iterator[object]:
    from dgm.sandbox.engine import connect

    client = connect(os.environ.get("DOCKER_HOST", ""))
    try:
        yield client
    finally:
        client.close()


def main() -> int:
    """Soak and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--driver", choices=DRIVERS, help="default: each that works here")
    parser.add_argument("--rollouts", type=int, default=200)
    parser.add_argument("--workers", type=int, default=16)
    options = parser.parse_args()
    failed = 0
    for driver in (options.driver,) if options.driver else usable_drivers():
        print(f"\n{driver}")
        for name, holds in soak(driver, options.rollouts, options.workers).items():
            print(f"{'ok  ' if holds else 'FAIL'} {name}")
            failed += not holds
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
