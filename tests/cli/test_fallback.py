"""Where no engine answers and bubblewrap is taken instead, every command says so, once."""

import json
from dataclasses import replace

import pytest

from tests.cli.conftest import TINY
from tests.machine import write_task

FALLEN = "sandbox: bubblewrap (not docker: no Docker engine"
PROBLEM = ("--repo", "learner", "--problem", "VALUE should be 1")
ON_RUNS = {
    "run": ("run", "seed", *PROBLEM),
    "eval": ("eval", "seed", "--json"),
    "replay": ("replay", "seed", "t0-wants-1", "--json"),
    "regrade": ("regrade", "tiny", "--dry-run", "--json"),
}


@pytest.fixture
def place(place, tmp_path):
    """A place with a cache of its own."""
    return replace(place, environment={**place.environment, "XDG_CACHE_HOME": str(tmp_path / "c")})


@pytest.mark.slow
@pytest.mark.parametrize("command", list(ON_RUNS))
def test_command_on_a_run_tells_beside_its_result(finished, command):
    done = finished.dgm(*ON_RUNS[command])
    assert told(done.stderr) == 1, done.stderr
    assert "sandbox: " not in done.stdout
    if command != "run":
        json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("action", ["prepare", "verify"])
def test_verdicts_tell_beside_their_result(place, action):
    write_task(place.path / "mine", "good", 1)
    done = place.dgm("bench", action, "mine", "--json")
    assert json.loads(done.stdout) == [{"task": "good", "problems": []}]
    assert told(done.stderr) == 1, done.stderr


@pytest.mark.slow
def test_run_tells_in_its_output_when_it_starts_and_when_it_goes_on(place):
    for words in (("evolve", "--name", "one", *TINY), ("resume", "one")):
        done = place.dgm(*words)
        assert done.returncode == 0, done.stderr
        assert (told(done.stdout), done.stderr) == (1, "")


def told(text):
    lines = text.splitlines()
    assert sum("sandbox: " in line for line in lines) == text.count(FALLEN)
    return text.count(FALLEN)
