"""The smallest rollout there is: one model call, one edited file of a tiny repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from dgm.errors import SandboxError
from dgm.gateway.builtin import BuiltinProvider
from dgm.resources import package_folder
from dgm.sandbox import images
from dgm.sandbox.bubblewrap import Bubblewrap
from dgm.sandbox.containers.driver import Docker
from dgm.sandbox.engine import connect
from dgm.sandbox.protocol import SandboxDriver
from dgm.steps.evaluate import Evaluate
from dgm.steps.laboratory import Laboratory
from tests.machine import Machine, code_of, write_agent, write_task

DRIVERS = ("bubblewrap", "docker")
AGENT = 'ask(problem)\n(workspace / "answer.py").write_text("VALUE = 1\\n")\n'


def make_driver(name: str) -> SandboxDriver:
    """Return a driver by its name; there must be an image for Docker."""
    if name == "bubblewrap":
        return Bubblewrap(hidden=[package_folder()])
    client = connect(os.environ.get("DOCKER_HOST", ""))
    image = images.find(client)
    if image is None:
        raise SystemExit("there is no image for sandboxes; build it: dgm images build")
    return Docker(client, image)


def usable_drivers() -> tuple[str, ...]:
    """Return the names of the drivers that work here; what is left out is printed with the why."""
    try:
        with closing(connect(os.environ.get("DOCKER_HOST", ""))) as client:
            trouble = None if images.find(client) else "no image; dgm images build"
    except SandboxError as error:
        trouble = str(error)
    if trouble is None:
        return DRIVERS
    print(f"docker is left out: {trouble}")
    return DRIVERS[:1]


@contextmanager
def trivial_work(place: Path, driver: SandboxDriver) -> Iterator[tuple[Laboratory, Evaluate]]:
    """Lay out a task and an agent that solves it; yield what performs it, and where."""
    write_task(place / "benchmark", "one")
    agent = code_of(write_agent(place / "agent", AGENT))
    with Machine(place, driver, BuiltinProvider()).laboratory() as lab:
        (task,) = lab.benchmark.tasks()
        yield lab, Evaluate("", "a1", agent, task, 0, lab.benchmark.grader_version)
