"""Many rollouts leave nothing behind: a short version of `tests/bench/soak.py`."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager

import pytest

from dgm.sandbox import rundir
from dgm.sandbox.cgroups import _started
from dgm.sandbox.hierarchies import find_hierarchies
from tests.bench.soak import Outside, Seen, remains, soak
from tests.bench.traces import container_of
from tests.bench.trivial import make_driver
from tests.sandbox.conftest import DRIVERS

HOLD = "echo there; read -r _"  # a process that lives until its input ends, or it is killed
CONTAINER = "0123456789abcdef" * 4


@pytest.fixture(params=["bubblewrap", "docker"])
def name(request):
    _, why_not = DRIVERS[request.param]
    if reason := why_not():
        pytest.skip(reason)
    return request.param


@pytest.mark.slow
def test_rollouts_in_a_row_and_side_by_side_leave_nothing(name):
    checks = soak(name, rollouts=8, workers=6)
    assert broken(checks) == set()


def broken(checks):
    return {check for check, holds in checks.items() if not holds}


@contextmanager
def living(*command, **options):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([*command, "sh", "-c", HOLD], **pipes, **options) as process:
        assert process.stdout.readline() == b"there\n"
        yield
        process.kill()


def process_by_its_user(marks):
    """One that left its groups and namespaces, and cleared what it was called with."""
    uid = min(marks.uids)
    return living("env", "-i", user=uid, group=uid, extra_groups=())


def process_by_its_environment(marks):
    return living(env={**os.environ, "HOME": f"{marks.folder}/control"})


@contextmanager
def process_by_its_mounts(marks):
    """One that sees what a sandbox saw, which is gone by now."""
    marks.folder.mkdir()
    bind = ("--dev-bind", "/", "/", "--bind", str(marks.folder), "/mnt")
    with living("bwrap", *bind, "env", "-i"):
        marks.folder.rmdir()
        yield


@contextmanager
def folder_of_a_driver(marks):
    del marks
    folder = rundir.BASE / f"dgm-{os.getuid()}-left-{os.getpid()}"
    folder.mkdir()
    yield
    folder.rmdir()


@contextmanager
def control_group(marks):
    del marks
    hierarchies = find_hierarchies()
    if not hierarchies:
        pytest.skip("no control groups can be made here")
    folder = hierarchies[0].parent / f"{os.getpid()}.{_started(os.getpid())}.left"
    folder.mkdir()
    yield
    folder.rmdir()


LEFT = {
    process_by_its_user: "no process is left",
    process_by_its_environment: "no process is left",
    process_by_its_mounts: "no process is left",
    folder_of_a_driver: "no folder is left",
    control_group: "no control group is left",
}


@pytest.mark.slow
@pytest.mark.parametrize("leave", list(LEFT), ids=lambda leave: leave.__name__)
def test_what_is_left_is_noticed(name, spec, leave):
    if leave is process_by_its_user and os.getuid() != 0:
        pytest.skip("only root gives each sandbox a user of its own")
    before = Outside.now(name)
    seen = Seen(make_driver(name))
    with seen.driver, seen.open(spec()):
        pass
    with leave(seen.marks):
        assert broken(remains(seen, before)) == {LEFT[leave]}
    assert broken(remains(seen, before)) == set()


@pytest.mark.parametrize(
    "group",
    [
        CONTAINER,
        f"/docker/{CONTAINER}",
        f"/system.slice/docker-{CONTAINER}.scope",
        f"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{CONTAINER}.scope",
    ],
)
def test_container_is_told_from_its_control_group(group):
    assert container_of(group) == CONTAINER


@pytest.mark.parametrize("group", ["/", "", "/docker", f"/docker/{CONTAINER}/init", "/a.scope"])
def test_no_container_is_told_from_another_group(group):
    assert container_of(group) == ""
