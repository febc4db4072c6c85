"""Runs that are killed or interrupted, as real processes: nothing is lost, left or paid twice."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from dgm.archive.fsck import Severity, check
from dgm.archive.reader import RunReader
from dgm.records import Outcome
from tests.machine import facts, write_agent, write_benchmark, write_learner

DGM = (sys.executable, "-c", "import sys; from dgm.cli import main; sys.exit(main())")
SLEEP = 'os.execvp("sleep", ["sleep", "{}"])\n'


class Home:
    """A place with a benchmark, an archive, a temporary folder, and the processes started there."""

    def __init__(self, place: Path, seed: Path, numbers: tuple[int, ...]) -> None:
        self.place = place
        self.temporary = place / "tmp"
        self.temporary.mkdir(parents=True)
        self.benchmark = write_benchmark(place / "benchmark", numbers)
        self.seed = seed
        self.name = f"{place.name}-{os.getpid()}"
        self.run = place / "archive" / self.name
        self.started: list[subprocess.Popen[bytes]] = []

    def evolve(self, *options: str) -> "subprocess.Popen[bytes]":
        fixed = ("--workers", "1", "--name", self.name, "--benchmark", str(self.benchmark))
        seed = ("--seed-agent", str(self.seed), "--set", "benchmark.stages=[2]")
        return self.start("evolve", *fixed, *seed, *options)

    def resume(self) -> "subprocess.Popen[bytes]":
        return self.start("resume", self.name)

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        with self._output(len(self.started)).open("wb") as output:
            self.started.append(
                subprocess.Popen(
                    [*DGM, *words], cwd=self.place, env=environment, stdout=output, stderr=output
                )
            )
        return self.started[-1]

    def said(self) -> str:
        """What the last process printed."""
        return self._output(len(self.started) - 1).read_text()

    def _output(self, number: int) -> Path:
        return self.place / f"output{number}.txt"

    def facts(self) -> dict[str, object]:
        with RunReader.open(self.run) as reader:
            return facts(reader)

    def left_behind(self) -> list[Path]:
        """The temporary folders there are, and the sandboxes of this run."""
        labels = Path("/tmp").glob(f"dgm-{os.getuid()}-*/labels/*")
        return [*self.temporary.iterdir(), *(path for path in labels if self._is_ours(path))]

    def _is_ours(self, label: Path) -> bool:
        try:
            return label.read_text() == self.name
        except OSError:
            return False


@pytest.fixture
def home(tmp_path, bubblewrapped):
    """Make homes; whatever still runs there is killed in the end."""
    homes = []

    def make(seed, numbers=(1, 2), name="home"):
        homes.append(Home(tmp_path / name, seed, numbers))
        return homes[-1]

    yield make
    for process in (process for one in homes for process in one.started):
        process.kill()
        process.wait()


def is_running(command: str) -> bool:
    """Whether a process with this command line runs anywhere on the host, sandboxes included."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().rstrip(b"\0") == command.encode().replace(b" ", b"\0"):
                return True
        except OSError:
            continue
    return False


def wait_until(is_true, patience_s=30.0):
    end = time.monotonic() + patience_s
    while not is_true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def rollouts_begun(run):
    """How many rollouts a run has started, ended or not; none before it is whole."""
    if not (run / "run.db").exists():
        return 0
    with sqlite3.connect(f"file:{run / 'run.db'}?mode=ro", uri=True) as database:
        (number,) = database.execute("SELECT count(*) FROM rollouts").fetchone()
    database.close()
    return number


@pytest.mark.slow
def test_run_killed_at_random_moments_ends_as_an_uninterrupted_one(tmp_path, home):
    seed = write_learner(tmp_path / "learner", skill=1)
    whole = home(seed, (1, 2, 3, 4), "whole")
    assert whole.evolve("--children", "3").wait(240) == 0

    killed, random = home(seed, (1, 2, 3, 4), "killed"), Random(20)
    process = killed.evolve("--children", "3")
    for _ in range(4):
        enough = rollouts_begun(killed.run) + random.randint(1, 3)
        wait_until(lambda: rollouts_begun(killed.run) >= enough, patience_s=120)  # noqa: B023
        time.sleep(random.uniform(0, 0.3))  # at any moment of a rollout
        assert process.poll() is None
        process.kill()
        process.wait()
        process = killed.resume()
    assert process.wait(240) == 0

    assert killed.facts() == whole.facts()
    with RunReader.open(killed.run) as reader:
        assert not reader.running_rollouts()
        keys = Counter(r.key for r in reader.rollouts() if r.outcome is not Outcome.INFRASTRUCTURE)
    assert set(keys.values()) == {1}
    assert not [f for f in check(killed.run) if f.severity is Severity.ERROR]
    assert not killed.left_behind()


def test_killed_process_leaves_nothing_that_the_next_start_does_not_remove(tmp_path, home):
    one = home(write_agent(tmp_path / "sleepy", SLEEP.format(4712)))
    process = one.evolve("--children", "0")
    wait_until(lambda: is_running("sleep 4712"))
    process.kill()
    process.wait()
    wait_until(lambda: not is_running("sleep 4712"))
    left = one.left_behind()
    assert len(left) >= 2  # the control: a killed process does leave something
    process = one.resume()
    wait_until(lambda: is_running("sleep 4712"))
    assert not set(left) & set(one.left_behind())
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert not one.left_behind()
    assert not is_running("sleep 4712")


def test_first_ctrl_c_ends_what_is_cheap_and_the_run_can_be_resumed(tmp_path, home):
    one = home(write_learner(tmp_path / "learner", 1))
    process = one.evolve("--children", "0")
    wait_until((one.run / "rollouts" / "r000002").exists)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert f"resume {one.name}" in one.said().splitlines()[-1]
    assert not one.left_behind()
    with RunReader.open(one.run) as reader:
        assert bool(reader.running_rollouts()) == ("cut short" in one.said())
        assert all(r.outcome is not Outcome.INFRASTRUCTURE for r in reader.rollouts())
    assert one.resume().wait(60) == 0


def test_second_ctrl_c_ends_at_once_although_an_agent_hangs(tmp_path, home):
    one = home(write_agent(tmp_path / "sleepy", SLEEP.format(4713)))
    process = one.evolve("--children", "0")
    wait_until(lambda: is_running("sleep 4713"))
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None  # the agent is given a moment
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert not {"Traceback", "stopped:"} & set(one.said().split())
    assert not one.left_behind()
    assert not is_running("sleep 4713")


@pytest.mark.slow
def test_two_processes_cannot_evolve_one_run(tmp_path, home):
    one = home(write_agent(tmp_path / "sleepy", SLEEP.format(4714)))
    one.evolve("--children", "0")
    wait_until(lambda: is_running("sleep 4714"))
    assert one.resume().wait(60) == 2
    (line,) = one.said().splitlines()
    assert one.name in line
    assert is_running("sleep 4714")
