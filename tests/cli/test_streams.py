"""Closed or full standard streams, and a machine without git: one line, and the right code."""

import signal
import subprocess
import sys

import pytest

from tests.cli.conftest import TINY, complaint


def with_shell(place, words, redirection):
    """Call `dgm` through a shell that redirects."""
    line = f"exec '{sys.executable}' -m dgm {words} {redirection}"
    return subprocess.run(["sh", "-c", line], capture_output=True, timeout=60, **place.settings)


@pytest.mark.parametrize("buffering", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("words", ["tree", "tree --json", "diff a0001"])
def test_output_that_cannot_be_written_is_named(finished, words, buffering):
    place = type(finished)(finished.path, {"PYTHONUNBUFFERED": buffering})
    said = complaint(with_shell(place, words, ">/dev/full"), 1)
    assert said == "dgm: standard output cannot be written: No space left on device"


def test_closed_output_is_one_line(finished):
    said = complaint(with_shell(finished, "tree", ">&-"), 1)
    assert said == "dgm: standard output is closed; open it, or send it into a file"


def test_closed_error_stream_changes_nothing(finished):
    done = with_shell(finished, "tree", "2>&- <&-")
    assert (done.returncode, done.stdout) == (0, finished.dgm("tree").stdout)
    assert with_shell(finished, "tree nope", "2>&-").returncode == 2


@pytest.mark.slow
def test_run_can_be_evolved_without_an_error_stream(place, bubblewrapped):
    words = " ".join(("evolve --name mute", *TINY, "--children 0"))
    assert with_shell(place, words, "2>&-").returncode == 0
    assert place.dgm("fsck", "mute").returncode == 0


def test_machine_without_git_is_one_line_and_makes_no_run(finished):
    place = type(finished)(finished.path, {"PATH": "/nonexistent"})
    remedy = "dgm: there is no git on the PATH; install it: apt install git"
    assert complaint(place.dgm("diff", "best", "seed"), 1) == remedy
    assert complaint(place.evolve("new"), 1) == remedy
    assert complaint(place.dgm("resume", "tiny"), 1) == remedy
    assert place.dgm("tree").returncode == 0  # needs none
    assert [run.name for run in (finished.path / "archive").iterdir()] == ["tiny"]


INTERRUPTED_AT = """
import os, signal, sys
from dgm.__main__ import main

module = sys.argv[1]

def watch(event, arguments):
    if event == "import" and arguments[0] == module:
        os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(watch)
sys.argv = ["dgm", "tree"]
sys.exit(main())
"""


@pytest.mark.parametrize("module", ["dgm.cli", "argparse", "dgm.cli.output", "sqlite3"])
def test_ctrl_c_during_an_import_is_one_line(finished, module):
    done = finished.python("-c", INTERRUPTED_AT, module)
    assert complaint(done, 128 + signal.SIGINT) == "dgm: interrupted"
    assert not done.stdout
