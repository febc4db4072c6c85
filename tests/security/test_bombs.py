"""Rows 5, 6 and 7: bombs of processes, of memory, of bytes and of files on disk.

The controls run the same programs on the host, small enough to do no harm there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress

import pytest

from dgm.errors import SandboxError
from dgm.records import Outcome, SandboxLimits, Split
from dgm.steps.evaluate import Evaluate
from tests.machine import code_of, write_agent
from tests.sandbox.conftest import LIMITS
from tests.security.host_processes import Watch, marked

# Each process makes two of its kind, down to a depth; all say so, and wait.
FORK_BOMB = """
import os, sys, time
for _ in range(int(sys.argv[1])):
    try:
        os.fork()
    except OSError:
        continue
    os.write(1, b"x")
time.sleep(float(sys.argv[2]))
"""


class TestProcesses:
    """Row 5."""

    @pytest.mark.slow
    def test_bomb_makes_more_processes_than_a_sandbox_may_have_where_nothing_holds_it(self):
        words = [sys.executable, "-I", "-S", "-c", FORK_BOMB, "7", "0.5"]
        said = subprocess.run(words, capture_output=True, check=True, timeout=30)
        assert len(said.stdout) >= 2**7 - 1 > 3 * LIMITS.processes

    @pytest.mark.slow
    def test_bomb_meets_the_limit_and_nothing_of_it_is_left(self, inside, mark):
        words = ("python3", "-I", "-S", "-c", FORK_BOMB, "30", "60", mark)
        with Watch(mark) as watch:
            said = inside.run(*words, timeout_s=2)
        assert said.timed_out
        assert 1 < len(said.stdout) < 2**12
        assert 1 < watch.most <= LIMITS.processes
        assert marked(mark) == set()
        assert inside.run("echo", "alive").stdout == b"alive\n"

    @pytest.mark.slow
    def test_bomb_of_a_shell_ends_with_its_command(self, inside, mark):
        bomb = "bomb() { bomb | bomb & }; bomb; sleep 60; :"
        with Watch(mark) as watch:
            inside.run("bash", "-c", bomb, mark, timeout_s=2)
        assert 1 < watch.most < 2 * LIMITS.processes  # it forks while it is counted
        assert marked(mark) == set()
        assert inside.run("echo", "alive").stdout == b"alive\n"

    def test_threads_count_too(self, inside):
        code = """
import threading, time
for _ in range(200):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
"""
        said = inside.python(code, timeout_s=10)
        assert b"can't start new thread" in said.stderr


ROOMY = SandboxLimits(memory_mb=96, processes=40, workspace_mb=256, tmp_mb=256)
HEAP = "held = []\nwhile True: held.append(bytearray(b'1' * 10**7))"
FILES = """
import itertools, os
for number in itertools.count():
    with open(f"/workspace/{number}" if number % 2 else f"/tmp/{number}", "wb") as file:
        file.write(bytes(10**7))
"""
# Thirty processes of 8 MB each: every one of them is small.
CROWD = """
import os, sys, time
for _ in range(30):
    if os.fork() == 0:
        held = bytearray(b"1" * (8 << 20))
        os.write(1, b"x")
        time.sleep(2)
        os._exit(0)
statuses = [os.wait()[1] for _ in range(30)]
sys.exit(any(statuses))
"""


class TestMemory:
    """Row 6. The limit is that of everything in the sandbox together, files in memory included."""

    @pytest.fixture
    def small(self, driver, spec, enter):
        """A sandbox with less memory than its places could hold."""
        with driver.open(spec(limits=ROOMY)) as sandbox:
            if "memory:rlimit-per-process" in sandbox.limits_in_force:
                pytest.skip("no memory is bounded as a sum here, and the record says so")
            yield enter(sandbox)

    @pytest.mark.slow
    @pytest.mark.parametrize("bomb", [HEAP, FILES, CROWD], ids=["heap", "files", "crowd"])
    def test_bomb_is_out_of_memory(self, small, bomb):
        said = small.python(bomb, timeout_s=15)
        assert said.out_of_memory
        assert said.exit_code != 0

    @pytest.mark.slow
    def test_rollout_of_an_agent_that_eats_memory_is_out_of_memory(self, machine, tmp_path):
        """The outcome, which a search decides by: not an error of the agent's own."""
        eater = code_of(write_agent(tmp_path / "eater", HEAP))
        with machine.laboratory(machine.config("sandbox.limits.memory_mb=96")) as lab:
            task = lab.benchmark.tasks(Split.SEARCH)[0]
            rollout = Evaluate("r000001", "a0000", eater, task, 0, "1").perform(lab)
        if not {"memory:cgroup", "memory:docker"} & set(rollout.limits_in_force):
            pytest.skip("no memory is bounded as a sum here, and the record says so")
        assert rollout.outcome is Outcome.OUT_OF_MEMORY

    @pytest.mark.slow
    def test_crowd_fits_where_there_is_memory(self, driver, spec, enter):
        roomy = SandboxLimits(memory_mb=1024, processes=40)
        with driver.open(spec(limits=roomy)) as sandbox:
            said = enter(sandbox).python(CROWD.replace("sleep(2)", "sleep(0.1)"), timeout_s=30)
        assert (said.stdout, said.exit_code, said.out_of_memory) == (b"x" * 30, 0, False)

    @pytest.mark.parametrize("bomb", [HEAP, FILES], ids=["heap", "files"])
    def test_next_sandbox_is_as_good_as_new(self, driver, spec, enter, bomb):
        """A sandbox that lost its own runner to the bomb says so; the machine goes on."""
        with driver.open(spec(limits=ROOMY)) as sandbox:
            enter(sandbox).python(bomb, timeout_s=15)
            with suppress(SandboxError):  # its runner may be what the bomb cost
                assert enter(sandbox).sh("rm -f /workspace/* /tmp/*; echo on").stdout == b"on\n"
        with driver.open(spec(limits=ROOMY)) as sandbox:
            said = enter(sandbox).run("echo", "on")
        assert (said.stdout, said.out_of_memory) == (b"on\n", False)


# Every folder it may write to, found by trying; then bytes, or empty files, until it is refused.
FILL = """
import os, sys
what, bound = sys.argv[1], int(sys.argv[2])
tops = sys.argv[3:]

def is_writable(folder):
    try:
        os.mkdir(folder + "/fill")
    except OSError:
        return False
    return True

def places():
    for top in tops:
        for folder, below, _ in os.walk(top):
            below[:] = [b for b in below if b != "fill" and os.path.join(folder, b) != "/proc"]
            if is_writable(folder):
                yield folder + "/fill"

def write_bytes(place):
    done = 0
    while done < bound:
        with open(f"{place}/{done}", "wb", 0) as file:
            while done < bound and file.tell() < 10**7:
                done += file.write(bytes(1 << 20))

def make_files(place):
    for number in range(bound):
        os.close(os.open(f"{place}/{number}", os.O_CREAT | os.O_WRONLY))

for place in places():
    try:
        {"bytes": write_bytes, "files": make_files}[what](place)
    except OSError as error:
        print(place, error.strerror)
    else:
        print(place, "filled")
"""
BOUNDS = {"bytes": 1 << 30, "files": 300_000}  # per writable place


def fill(inside, what, *tops):
    words = (what, str(BOUNDS[what]), *tops)
    return inside.run("python3", "-I", "-S", "-c", FILL, *words, timeout_s=60)


FULL = ("No space left on device", "File too large", "Disk quota exceeded")


class TestDisk:
    """Row 7."""

    @pytest.mark.parametrize(("what", "bound"), [("bytes", 20_000_000), ("files", 2000)])
    def test_places_of_the_host_are_filled_where_nothing_holds_it(self, tmp_path, what, bound):
        (tmp_path / "place").mkdir()
        words = [sys.executable, "-I", "-S", "-c", FILL, what, str(bound), str(tmp_path)]
        said = subprocess.run(words, capture_output=True, check=True, timeout=60)
        assert said.stdout.decode().splitlines() == [
            f"{tmp_path}/fill filled", f"{tmp_path}/place/fill filled"
        ]  # fmt: skip

    @pytest.mark.slow
    def test_bytes_end_at_a_bound_wherever_they_can_be_written(self, driver, spec, enter):
        before = shutil.disk_usage("/").free
        limits = SandboxLimits(memory_mb=512, workspace_mb=24, tmp_mb=16)
        with driver.open(spec(limits=limits)) as sandbox:
            said = fill(enter(sandbox), "bytes", "/")
            lines = said.stdout.decode().splitlines()
            assert lines, said.stderr
            assert [line for line in lines if not line.endswith(FULL)] == []
            assert before - shutil.disk_usage("/").free < BOUNDS["bytes"] // 2
            assert {line.split("/fill")[0] for line in lines} >= {"/workspace", "/tmp", "/dev/shm"}

    @pytest.mark.slow
    def test_files_end_at_a_bound_wherever_they_can_be_made(self, driver, spec, enter):
        """Refused for want of space, or of the memory that bounds it: both leave the host alone."""
        free = {place: os.statvfs(place).f_ffree for place in ("/", "/dev/shm")}
        tops = ["/workspace", "/tmp", "/dev", "/logs", "/tests", "/solution", "/run"]
        for top in tops:
            limits = SandboxLimits(memory_mb=64)
            with driver.open(spec(limits=limits)) as sandbox:
                said = fill(enter(sandbox), "files", top)
                lines = said.stdout.decode().splitlines()
                assert said.out_of_memory or not [x for x in lines if not x.endswith(FULL)], lines
                for place, before in free.items():
                    assert before - os.statvfs(place).f_ffree < BOUNDS["files"] // 2, (top, place)
