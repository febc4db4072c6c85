"""The probes on real sandboxes, and on none at all: what nothing holds, they must see."""

import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from dgm.sandbox.probes import probe
from dgm.sandbox.protocol import ExecResult, SandboxPaths

NAMES = {
    "network",
    "files of the host",
    "processes of the host",
    "root",
    "read-only places",
    "system calls",
    "processes",
    "disk",
    "file size",
    "number of files",
    "processor time",
    "open files",
    "output",
    "deadline",
    "survivors",
    "memory",
}


class Bare:
    """No sandbox at all, as a driver: commands run on the host as they are."""

    name, is_strong = "bare", False

    def __init__(self, folder):
        self.folder = folder

    @contextmanager
    def open(self, spec):
        paths = {name: self.folder / name for name in ("workspace", "control", "tmp", "logs")}
        for path in paths.values():
            path.mkdir()
        yield BareSandbox(
            SandboxPaths(agent=str(spec.agent), **{n: str(p) for n, p in paths.items()})
        )


def go_first():
    """Get processors on a busy machine too, so that what is missing is a limit's doing."""
    if os.getuid() == 0:
        os.nice(-20)
        group = Path("/proc/self/autogroup")
        if group.exists():
            group.write_text("-20")


class BareSandbox:
    def __init__(self, paths):
        self.paths = paths

    def exec(self, command, *, cwd, timeout_s, **_):
        started = time.monotonic()
        with subprocess.Popen(
            command,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=go_first,
        ) as process:
            try:  # the deadline is watched, but a client that waits for SIGTERM waits long
                stdout, stderr = process.communicate(timeout=timeout_s + 2.5)
                timed_out = False
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                stdout, stderr = process.communicate()
                timed_out = True
        return ExecResult(
            process.returncode, stdout, stderr, time.monotonic() - started, timed_out=timed_out
        )

    def read_file(self, path, *, max_bytes):
        return Path(path).read_bytes()[:max_bytes]


@pytest.fixture(scope="module")
def unprotected(tmp_path_factory):
    return {found.name: found for found in probe(Bare(tmp_path_factory.mktemp("bare")))}


def test_every_limit_is_probed(unprotected):
    assert set(unprotected) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_attack_comes_through_where_nothing_holds(unprotected, name):
    if name in ("root", "read-only places") and os.getuid() != 0:
        pytest.skip("an ordinary user is refused by the host itself")
    assert not unprotected[name].holds
    assert unprotected[name].detail
    assert unprotected[name].remedy


def test_attacks_leave_nothing_behind(unprotected):
    for folder in ("/", "/usr", "/etc", "/dev/shm"):
        assert not [p for p in Path(folder).iterdir() if p.name.startswith((".dgm-probe", "fill"))]


@pytest.fixture(scope="module")
def protected(driver):
    """What the probes found in a sandbox, how long they took, how many processes they left."""
    before, started = processes_of_host(), time.monotonic()
    return probe(driver), time.monotonic() - started, processes_of_host() - before


def processes_of_host():
    return len([path for path in Path("/proc").iterdir() if path.name.isdigit()])


def test_strong_sandbox_holds_everything(protected):
    found, _, _ = protected
    needs_cgroups = set() if os.getuid() == 0 else {"memory", "number of files", "processor time"}
    assert {p.name: p.detail for p in found if not p.holds and p.name not in needs_cgroups} == {}
    assert all(not each.remedy for each in found if each.holds)


def test_probes_take_seconds_and_leave_nobody(protected):
    _, seconds, left = protected
    assert seconds < 15  # 2 s on an idle machine
    assert left < 20


def test_an_attack_that_breaks_down_does_not_count_as_refused(strong):
    class Broken:
        """A sandbox whose Python cannot start: no attack can say anything."""

        name, is_strong = "broken", True

        @contextmanager
        def open(self, spec):
            with strong.open(spec) as sandbox:
                yield Speechless(sandbox)

    class Speechless:
        def __init__(self, sandbox):
            self.sandbox = sandbox
            self.paths = sandbox.paths
            self.read_file = sandbox.read_file

        def exec(self, command, **options):
            return self.sandbox.exec(["no-such-program", *command[1:]], **options)

    assert {each.name for each in probe(Broken()) if each.holds} == set()
