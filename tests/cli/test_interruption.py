"""Ctrl-C, SIGTERM, closed pipes, and disks that cannot be written: a run survives them all."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.conftest import TINY, Place, complaint
from tests.machine import LEARNER, write_agent

pytestmark = pytest.mark.usefixtures("bubblewrapped")


def slow_learner(place: Place, seconds: float) -> None:
    """Let the seed agent take its time on every task of the benchmark."""
    shutil.rmtree(place.path / "learner")
    pause = f"if (workspace / 'answer.py').exists(): time.sleep({seconds})\n"
    write_agent(place.path / "learner", pause + LEARNER, files={"skill.txt": "1\n"})


def wait_for(process: "subprocess.Popen[str]", text: str) -> None:
    """Read what a process says until it says that."""
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"{text!r} was never said: {process.stderr.read()}")


def evolve_until_rollout(place: Place, *words: str) -> "subprocess.Popen[str]":
    """Start a run, and return when its seed agent has been at work on a task for a moment."""
    process = place.start("evolve", "--name", "cut", *TINY, *words)
    wait_for(process, "run cut")
    deadline = time.monotonic() + 60
    while not list(place.path.glob("archive/cut/rollouts/r000002/transcript.jsonl")):
        assert time.monotonic() < deadline, process.communicate(timeout=1)
        time.sleep(0.05)
    return process


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["ctrl-c", "sigterm", "closed-terminal"],
)
def test_signal_stops_within_seconds_and_the_run_goes_on_later(place, number, code):
    slow_learner(place, seconds=1)
    process = evolve_until_rollout(place)
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert "stopping (interrupted)" in output
    assert "stopped: interrupted; go on with: " in output
    resumed = place.dgm("resume", "cut")
    assert resumed.returncode == 0, resumed.stderr
    assert "run cut  finished  1 child," in resumed.stdout
    assert "nothing is wrong" in place.dgm("fsck", "cut").stdout


@pytest.mark.slow
def test_first_ctrl_c_says_what_it_waits_for_and_cuts_off_what_hangs(place):
    slow_learner(place, seconds=1000)
    patient = place.path / "tasks" / "t0-wants-1" / "task.toml"
    patient.write_text(patient.read_text().replace("20.0", "900.0"))
    process = evolve_until_rollout(place)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)  # far less than agent or task would take
    assert (process.returncode, errors) == (130, "")
    assert " s left for a0000 on t0-wants-1" in output
    assert "cut short, to be done again: a0000 on t0-wants-1" in output
    assert "stopped: interrupted; go on with: " in output
    assert "nothing is wrong" in place.dgm("fsck", "cut").stdout
    assert "no rollout on 't0-wants-1'" in complaint(
        place.dgm("log", "seed", "t0-wants-1", "--run", "cut")
    )


@pytest.mark.slow
def test_second_ctrl_c_ends_at_once(place):
    slow_learner(place, seconds=100)
    process = evolve_until_rollout(place)
    process.send_signal(signal.SIGINT)
    wait_for(process, "; Ctrl-C again ends it at once")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "dgm: interrupted\n"
    assert "stopped:" not in output  # it did not even report
    assert place.dgm("tree", "cut").returncode == 0


def test_reader_that_leaves_ends_a_command_without_complaint(finished):
    process = finished.start("show", "seed")
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(20) == 141


@pytest.mark.slow
def test_second_evolution_of_a_run_is_refused(place):
    slow_learner(place, seconds=5)
    process = evolve_until_rollout(place)
    try:
        assert f"is being evolved by process {process.pid}" in complaint(place.dgm("resume", "cut"))
        assert "exists already" in complaint(place.evolve("cut"))
        assert place.dgm("tree", "cut").returncode == 0
    finally:
        process.kill()
        process.communicate()
    assert "nothing is wrong" in place.dgm("fsck", "cut").stdout


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own with a few MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte free on a disk, and return the file to remove for room."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    return ballast


@pytest.mark.slow
def test_full_disk_ends_the_run_with_one_line_and_room_lets_it_go_on(place, small_disk):
    slow_learner(place, seconds=1)
    where = ("--archive", str(small_disk))
    process = place.start("evolve", "--name", "cut", *TINY, *where)
    wait_for(process, "running for")
    ballast = fill(small_disk)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (1, 2), errors
    assert len(errors.splitlines()) == 1, errors
    assert "the disk is full" in errors or "No space left" in errors
    assert errors.endswith(f" -m dgm resume {small_disk / 'cut'}\n")
    assert place.dgm("tree", "cut", *where).returncode == 0

    ballast.unlink()
    resumed = place.dgm("resume", "cut", *where)
    assert resumed.returncode == 0, resumed.stderr
    assert "run cut  finished  1 child," in resumed.stdout
    assert "nothing is wrong" in place.dgm("fsck", "cut", *where).stdout
    assert "agent_error" not in place.dgm("show", "seed", "--run", "cut", *where).stdout


def test_read_only_archive_can_be_read_and_refuses_to_be_written(finished, small_disk):
    shutil.copytree(finished.path / "archive" / "tiny", small_disk / "tiny")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    where = ("--archive", str(small_disk))
    for words in (
        ["tree"],
        ["show", "best"],
        ["log", "seed", "canary"],
        ["fsck"],
        ["diff", "best"],
    ):
        assert finished.dgm(*words, *where).returncode == 0, words
    for words in (["resume"], ["evolve", "--name", "new", *TINY]):
        refused = complaint(finished.dgm(*words, *where))
        assert "ead-only file system" in refused
        assert "name another place with --archive" in refused
