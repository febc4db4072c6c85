"""A process killed while it makes a run leaves nothing that disturbs, whatever the moment."""

import signal

import pytest

from tests.cli.conftest import TINY, complaint

pytestmark = [pytest.mark.usefixtures("bubblewrapped"), pytest.mark.slow]

# Calls `dgm`, and dies at the first event (of Python's audit hooks) that touches the new run so.
KILLED = """
import os, signal, sys
from dgm.cli import main

moment, *words = sys.argv[1:]

def watch(event, arguments):
    if event == moment.split()[0] and arguments and moment.split()[1] in str(arguments[0]):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
main(words)
"""


def evolve_killed_at(place, moment):
    """Start a run named `cut` that is killed at that moment."""
    done = place.python("-c", KILLED, moment, "evolve", "--name", "cut", *TINY)
    assert done.returncode == -signal.SIGKILL, (done.stdout, done.stderr)


@pytest.mark.parametrize(
    "moment",
    [
        "os.mkdir .part",
        "open .part/run.toml",
        "os.mkdir .part/agents.git",
        "open .part/agents.git/HEAD",
        "open .part/agents.git/config",
        "sqlite3.connect .part/run.db",
        "open .part/writer.lock",
        "os.rename .part",
    ],
)
def test_run_that_was_never_whole_does_not_exist(place, moment):
    evolve_killed_at(place, moment)
    for command in ("tree", "resume", "fsck"):
        assert "there is no run in archive yet" in complaint(place.dgm(command))
        assert "there is no run 'cut' in archive" in complaint(place.dgm(command, "cut"))
    again = place.evolve("cut", "--children", "0")
    assert again.returncode == 0, again.stderr
    assert [path.name for path in (place.path / "archive").iterdir()] == ["cut"]
    assert "nothing is wrong" in place.dgm("fsck", "cut").stdout


def test_run_killed_when_it_was_just_made_can_be_resumed(place):
    evolve_killed_at(place, "sqlite3.connect archive/cut/run.db")
    assert "a0000" in place.dgm("tree", "cut").stdout
    assert "nothing is wrong" in place.dgm("fsck", "cut").stdout
    assert "exists already" in complaint(place.evolve("cut"))
    resumed = place.dgm("resume", "cut", "--children", "0")
    assert resumed.returncode == 0, resumed.stderr


def test_other_runs_are_not_touched(place):
    assert place.evolve("whole", "--children", "0").returncode == 0
    before = place.dgm("tree", "whole", "--json").stdout
    evolve_killed_at(place, "sqlite3.connect .part/run.db")
    assert place.dgm("tree", "--json").stdout == before
    assert place.dgm("fsck").stdout == "nothing is wrong\n"
