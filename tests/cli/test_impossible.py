"""Impossible tasks from the command line: met by all, replayed and graded again like others."""

import json
import sqlite3

import pytest

from tests.cli.conftest import TINY, complaint

pytestmark = pytest.mark.slow

IMPOSSIBLE = ("--set", "benchmark.impossible=1")


def test_honest_agents_pass_none_and_it_is_said(place, bubblewrapped):
    done = place.evolve("one", *IMPOSSIBLE)
    assert done.returncode == 0, done.stderr
    assert "along its lineage: impossible tasks passed 0% [0%, " in done.stdout
    assert "CHEATS" not in done.stdout
    agents = json.loads(place.dgm("tree", "--json").stdout)["agents"]
    for agent in agents:
        assert agent["conduct"]["impossible"] == {"solved": 0, "attempted": 1}
        assert agent["conduct"]["cheat_rate"] == 0.0
        assert agent["attempted"] <= 2
    (met,) = json.loads(place.dgm("show", "seed", "--json").stdout)["impossible"]
    assert met["task_id"].startswith("impossible/t")
    assert place.dgm("log", "seed", met["task_id"]).returncode == 0

    again = place.dgm("evolve", "--replay", "one", "--name", "two")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "the tree is the same, 0 of" in again.stdout
    replayed = place.dgm("replay", "seed", met["task_id"], "--run", "one")
    assert (replayed.returncode, replayed.stdout.splitlines()[-1]) == (
        0,
        "1 of 1 came out the same, 0.00 USD",
    )

    connection = sqlite3.connect(place.path / "archive" / "one" / "run.db")
    with connection:
        connection.execute("UPDATE rollouts SET grader_version = '2' WHERE grader_version <> ''")
    connection.close()
    graded = json.loads(place.dgm("regrade", "one", "--json").stdout)["graded"]
    assert sum(one["task"] == met["task_id"] for one in graded) == len(agents)
    after = json.loads(place.dgm("tree", "one", "--json").stdout)["agents"]
    assert [one["conduct"] for one in after] == [one["conduct"] for one in agents]
    assert place.dgm("resume", "one").returncode == 0


def test_more_than_can_be_made_are_refused_and_no_run_is_begun(place, bubblewrapped):
    done = place.dgm("evolve", *TINY, "--set", "benchmark.impossible=3")
    line = "of the 2 search tasks of benchmark tasks only 2 can be made impossible for certain"
    assert line in complaint(done)
    assert not list(place.path.glob("archive/*"))
