"""Rows 8 and 10: commands that will not end, and sandboxes whose controller is gone.

Attacks carry a mark in their command line, by which every process of theirs is found on the host.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.sandbox.conftest import DRIVERS
from tests.security.host_processes import Watch, marked, wait_until

LOOP = "while True: pass"
DEAF = """
import signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
print("deaf", flush=True)
while True: time.sleep(0.01)
"""
DETACHED = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(LIFE)
    os._exit(0)
time.sleep(LIFE)
"""
# Always a few that fork and leave at once: whoever lists them to kill them comes too late.
HARE = """
import os, time
end = time.monotonic() + LIFE
for _ in range(4):
    if os.fork() == 0:
        break
else:
    time.sleep(LIFE)
while time.monotonic() < end:
    try:
        if os.fork() != 0:
            os._exit(0)
        os.setsid()
        os.write(1, b"." * 1000)
    except OSError:
        time.sleep(0.001)
"""
ATTACKS = {"loop": LOOP, "deaf": DEAF, "detached": DETACHED, "hare": HARE}


def words_of(attack: str, mark: str, life_s: float) -> tuple[str, ...]:
    return ("python3", "-I", "-S", "-c", attack.replace("LIFE", str(life_s)), mark)


class TestDeadline:
    """Row 8."""

    def test_deaf_process_outlives_a_polite_end_where_nothing_else_ends_it(self, mark):
        words = [sys.executable, *words_of(DEAF, mark, 5.0)[1:]]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"deaf\n"
            process.terminate()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.2)
            process.kill()

    def test_hares_outlive_the_process_that_started_them(self, mark):
        words = [sys.executable, *words_of(HARE, mark, 20.0)[1:]]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
            assert process.stdout.read(1)
            process.kill()
            process.wait()
            assert len(process.stdout.read(200_000)) == 200_000  # more than a pipe holds
            process.stdout.close()  # which ends them

    def test_the_rest_outlives_the_process_that_started_it(self, mark):
        words = words_of(DETACHED, mark, 20.0)
        with subprocess.Popen([sys.executable, *words[1:]]) as process:
            wait_until(lambda: len(marked(mark)) >= 2)
            process.kill()
            process.wait()
            wait_until(lambda: marked(mark))

    @pytest.mark.slow
    @pytest.mark.parametrize("name", list(ATTACKS))
    def test_nothing_is_left_after_the_deadline(self, inside, mark, name):
        with Watch(mark) as watch:
            said = inside.run(*words_of(ATTACKS[name], mark, 60.0), timeout_s=2.0)
        assert watch.seen, "the attack was never under way"
        assert said.timed_out
        assert said.exit_code is None
        assert marked(mark) == set()
        first, second = (int(inside.sh("sleep 0.2; echo $$").stdout) for _ in range(2))
        assert second - first < 20  # nobody forks in between

    @pytest.mark.parametrize("name", list(ATTACKS))
    def test_nothing_is_left_of_a_sandbox_that_is_closed(self, driver, spec, enter, mark, name):
        """Here the command itself ends in time, and what it left is what must go."""
        start = "import os, sys; os.fork() or os.execvp(sys.argv[1], sys.argv[1:])"
        words = ("python3", "-I", "-S", "-c", start, *words_of(ATTACKS[name], mark, 60.0))
        with driver.open(spec()) as sandbox:
            assert enter(sandbox).run(*words).exit_code == 0
        assert marked(mark) == set()


# A controller with sandboxes at work; it is killed in the midst of it.
CONTROLLER = """
import sys, threading
from dgm.sandbox.protocol import SandboxSpec
from tests.sandbox.conftest import DRIVERS
name, run, mark = sys.argv[1:]
begun = threading.Barrier(4, timeout=60)

def work(driver, number):
    with driver.open(SandboxSpec(f"{run}-{number}", run, wants_model=True)) as sandbox:
        begun.wait()
        sandbox.exec(["python3", "-c", "import time; time.sleep(60)", mark],
                     cwd="/", env={}, timeout_s=60)

with DRIVERS[name][0]() as driver:
    threads = [threading.Thread(target=work, args=(driver, n), daemon=True) for n in range(3)]
    for thread in threads:
        thread.start()
    begun.wait()
    print("begun", flush=True)
    threads[0].join()
"""


class TestOrphans:
    """Row 10."""

    @pytest.fixture
    def killed(self, driver, mark):
        """The run of a controller that was killed with three sandboxes open."""
        run = f"orphans-{os.getpid()}"
        words = [sys.executable, "-c", CONTROLLER, driver.name, run, mark]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as controller:
            assert controller.stdout.readline() == b"begun\n"
            wait_until(lambda: len(marked(mark)) >= 3)
            controller.kill()
        yield run
        driver.reap(run)

    def test_next_start_leaves_none(self, driver, killed, mark):
        with DRIVERS[driver.name][0]() as next_one:
            next_one.reap("another-run")
            removed = next_one.reap(killed)
            wait_until(lambda: not marked(mark))
            assert removed >= 3  # and what lay ready for the next
            assert next_one.reap(killed) == 0

    @pytest.mark.usefixtures("killed")
    def test_living_are_spared(self, driver, spec, enter):
        with driver.open(spec()) as sandbox:
            with DRIVERS[driver.name][0]() as next_one:
                next_one.reap()
            assert enter(sandbox).run("echo", "alive").stdout == b"alive\n"

    def test_what_a_killed_process_started_lives_on_where_nothing_ends_it(self, mark):
        start = "import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); time.sleep(60)"
        child = (sys.executable, "-c", "import time; time.sleep(60)", mark)
        with subprocess.Popen([sys.executable, "-c", start, *child]) as controller:
            wait_until(lambda: len(marked(mark)) == 2)
            controller.kill()
        assert len(marked(mark)) == 1
