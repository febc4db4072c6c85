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
from dgm.sandbox import rundir
from dgm.sandbox.containers import labels
from dgm.sandbox.protocol import Sandbox, SandboxDriver, SandboxSpec
from dgm.steps.evaluate import Evaluate
from dgm.steps.laboratory import Laboratory
from tests.bench.figures import print_head, print_times, timed
from tests.bench.trivial import DRIVERS, make_driver, trivial_work, usable_drivers

ALLOWED_GROWTH_MB = 32.0
_WARM_UP = 5


@dataclass
class Seen:
    """A driver that remembers what its sandboxes were, and how long each took to open."""

    driver: SandboxDriver
    folder: Path | None = None
    containers: set[str] = field(default_factory=set)
    opening_s: list[float] = field(default_factory=list)

    def __getattr__(self, name: str) -> object:
        return getattr(self.driver, name)

    @contextmanager
    def open(self, spec: SandboxSpec) -> Iterator[Sandbox]:
        """Open a sandbox."""
        with ExitStack() as stack:
            with timed(self.opening_s):
                sandbox = stack.enter_context(self.driver.open(spec))
            place = sandbox._place
            self.folder = place.control.parents[1]
            if self.driver.name == "docker":
                self.containers.add(place.count_oom_kills.container)
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
        before = outside(name)
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


def outside(name: str) -> tuple[object, ...]:
    """What is there before and should be there after: networks, and mounts of this process."""
    mounts = len(Path("/proc/self/mountinfo").read_text().splitlines())
    if name != "docker":
        return (mounts,)
    with _engine() as client:
        return (tuple(sorted(network.id for network in client.networks.list())),)


def remains(seen: Seen, before: tuple[object, ...]) -> Mapping[str, bool]:
    """Look for what the sandboxes left, among all that others have on this machine."""
    if seen.folder is None:
        raise LookupError("no sandbox was opened")
    checks = {
        "no folder is left": not seen.folder.exists() and seen.folder.parent == rundir.BASE,
        "no network, no mount is left": outside(seen.driver.name) == before,
        "no process is left": not any(map(seen.containers.__contains__, containers_that_run())),
    }
    if seen.driver.name == "docker":
        mounted = Path("/proc/self/mountinfo").read_text()
        checks["no container is left"] = not left_containers(seen.folder)
        checks["no mount of a container is left"] = not any(
            each in mounted for each in seen.containers
        )
    return checks


def containers_that_run() -> Iterator[str]:
    """The last part of the control group of every process: a container's id, if it is in one."""
    for path in Path("/proc").glob("[0-9]*/cgroup"):
        try:
            yield from (line.rsplit("/", 1)[-1] for line in path.read_text().splitlines())
        except OSError:
            continue


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
