"""Fixtures of the sandbox tests: each driver in turn, and short ways to run things inside."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from dgm.errors import SandboxUnavailableError
from dgm.records import SandboxLimits
from dgm.sandbox import builds, images, taskimages
from dgm.sandbox.bubblewrap import Bubblewrap, check
from dgm.sandbox.containers.driver import Docker
from dgm.sandbox.engine import connect
from dgm.sandbox.landlock import abi_version
from dgm.sandbox.process import Process
from dgm.sandbox.protocol import SandboxSpec


def no_process_sandbox() -> str | None:
    """Say why not to check it here: the less a machine offers, the less it promises."""
    if os.getuid() != 0 or abi_version() < 6:
        return "the process sandbox is checked where it has a user of its own and Landlock 6"
    return None


def engine():
    """Connect to the engine of this machine."""
    return connect(os.environ.get("DOCKER_HOST", ""))


def no_docker() -> str | None:
    """Say why there are no containers here: no engine, or no image in it."""
    try:
        with closing(engine()) as client:
            return None if images.find(client) else "no image; build it: dgm images build"
    except SandboxUnavailableError as error:
        return str(error)


def docker() -> Docker:
    """Make a driver over the engine of this machine."""
    client = engine()
    return Docker(client, images.find(client))


DRIVERS = {
    "bubblewrap": (Bubblewrap, check),
    "docker": (docker, no_docker),
    "process": (Process, no_process_sandbox),
}

# What the `process` sandbox does not promise, or promises in words of its own (test_process.py).
NOT_PROMISED = {
    "test_no_descriptor_but_the_three_is_inherited": "/proc is closed: it is that of the host",
    "test_killing_everything_in_reach_kills_neither_runner_nor_host": "the runner is the same user",
    "test_no_signal_from_inside_ends_the_runner": "process 1 is the host's, and root's",
    "test_every_writable_place_is_bounded": "its folders lie on the disk of the host",
    "test_nothing_else_can_be_written": "its folders have other names",
    "test_files_of_the_host_are_not_seen": "names can be seen, contents cannot",
    "test_two_sandboxes_do_not_see_each_other": "its folders have other names",
    "test_only_loopback_exists": "the network is that of the host, closed by rules",
    "test_listener_of_the_host_is_reached_outside_and_not_inside": "another error tells of it",
    "test_repository_is_seen_where_its_task_expects_it": "its folders have other names",
    "test_abstract_socket_of_the_host_is_reached_outside_and_not_inside": "another error tells",
    "test_strong_sandbox_holds_everything": "what it does not hold is in its warning",
    "test_probes_take_seconds_and_leave_nobody": "is about probes that all hold",
    "test_an_attack_that_breaks_down_does_not_count_as_refused": "is about the probes alone",
}
LIMITS = SandboxLimits(
    memory_mb=256, processes=40, workspace_mb=24, tmp_mb=16, open_files=128, output_kb=64
)


@pytest.fixture(scope="session", params=list(DRIVERS))
def driver(request):
    make, why_not = DRIVERS[request.param]
    if reason := why_not():
        pytest.skip(reason)
    with make() as opened:
        yield opened


def pytest_collection_modifyitems(config, items):
    """Leave out what a weak driver does not promise: the table says why, test by test."""
    left_out = [item for item in items if _is_not_promised(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _is_not_promised(item):
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return parameters.get("driver") == "process" and item.originalname in NOT_PROMISED


@pytest.fixture
def strong(driver):
    """A driver that holds hostile code, but for what `NOT_PROMISED` names."""
    return driver


@pytest.fixture
def spec(request):
    """Build specs with unique names."""
    numbers = iter(range(100))

    def build(**fields):
        name = f"t{os.getpid()}-{next(numbers)}"
        return SandboxSpec(**{"name": name, "run": "tests", "limits": LIMITS, **fields})

    return build


@pytest.fixture
def sandbox(driver, spec):
    with driver.open(spec()) as opened:
        yield opened


class Inside:
    """Short ways to run things in a sandbox."""

    def __init__(self, sandbox):
        self.sandbox = sandbox

    def run(self, *words, timeout_s=20, cwd=None, env=None, stdin=b""):
        return self.sandbox.exec(
            words,
            cwd=cwd or self.sandbox.paths.workspace,
            env=env or {},
            timeout_s=timeout_s,
            stdin=stdin,
        )

    def sh(self, script, **options):
        return self.run("sh", "-c", script, **options)

    def python(self, code, **options):
        return self.run("python3", "-I", "-S", "-c", code, **options)


@pytest.fixture
def inside(sandbox):
    return Inside(sandbox)


@pytest.fixture
def enter():
    return Inside


@pytest.fixture(scope="session")
def task_image():
    """An image as `dgm bench prepare` makes them, with a program and a file of its own."""
    if reason := no_docker():
        pytest.skip(reason)
    program = "printf '#!/bin/sh\\necho found by its PATH\\n' > /opt/bin/of-the-task"
    with closing(engine()) as client:
        dockerfile = (
            f"FROM {images.find(client)}\nUSER root\nENV PATH=/opt/bin:/usr/bin:/bin\n"
            f"RUN mkdir /opt/bin && echo of the task > /opt/marker && {program} && "
            "chmod +x /opt/bin/of-the-task\n"
        )
        context = builds.packed({"Dockerfile": dockerfile.encode()})
        tag = taskimages.built(client, context, print)
        yield taskimages.with_runtime(client, tag, print)


@pytest.fixture
def out(tmp_path):
    """An empty folder of the host for what comes out."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def tree(folder: Path) -> dict[str, bytes | None]:
    """All paths below a folder: contents of files, None for folders."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.fixture(name="tree")
def _tree():
    return tree
