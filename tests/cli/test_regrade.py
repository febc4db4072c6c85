"""`dgm regrade` as it is called: a count first, then the grading; a kill loses nothing."""

import json
import shutil
import sqlite3
import time

import pytest

from tests.cli.conftest import complaint
from tests.machine import write_task

pytestmark = pytest.mark.slow

RESULTS = "SELECT count(*) FROM rollouts WHERE grader_version = '5' AND outcome <> 'infrastructure'"


def in_database(place, statement):
    connection = sqlite3.connect(place.path / "archive" / "tiny" / "run.db")
    with connection:
        found = connection.execute(statement).fetchall()
    connection.close()
    return found


@pytest.fixture
def aged(finished, tmp_path):
    """A copy of the finished run whose results are by an older grader than the present one."""
    shutil.copytree(finished.path, tmp_path / "aged")
    place = type(finished)(tmp_path / "aged")
    in_database(place, "UPDATE rollouts SET grader_version = '2' WHERE grader_version = '5'")
    # the copy lies elsewhere than the run that names its benchmark
    old, new = str(finished.path), str(place.path)
    in_database(place, f"UPDATE meta SET value = replace(value, '{old}', '{new}')")
    return place


def results(place):
    ((number,),) = in_database(place, RESULTS)
    return number


def test_dry_run_counts_and_does_nothing(aged):
    told = aged.dgm("regrade", "--dry-run")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("run tiny: grader 2 counts, grader 5 is new; ")
    assert told.stdout.endswith("to grade; no agent runs, 0.00 USD\n")
    counted = json.loads(aged.dgm("regrade", "--dry-run", "--json").stdout)
    assert f"{counted['to_grade']} results, " in told.stdout
    assert (counted["graded"], results(aged)) == ([], 0)


def test_regrade_agrees_with_its_json_and_the_readers_say_whose_scores_they_show(aged):
    before = json.loads(aged.dgm("tree", "--json").stdout)
    done = aged.dgm("regrade", "tiny", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["grader"] == {"before": "2", "now": "5"}
    assert len(told["graded"]) == told["to_grade"] == results(aged) > 3
    assert all(one["is_same"] for one in told["graded"])
    after = json.loads(aged.dgm("tree", "--json").stdout)
    assert after["grader"]["counted"] == "5"
    assert after["grader"]["results"] == {"2": results(aged), "5": results(aged)}
    assert after["agents"] == before["agents"]
    kept = f"scores count version 5 of the grader; kept beside them: {results(aged)} results by ver"
    assert kept in aged.dgm("tree").stdout
    shown = aged.dgm("show", "seed").stdout
    assert kept in shown
    one = next(one for one in told["graded"] if one["agent"] == "a0000" and one["now"] == "solved")
    assert f"{one['rollout']}  {one['task']}" in shown
    assert f"graded again; solved by version 2, {one['from']}" in shown
    log = aged.dgm("log", "seed", one["task"]).stdout
    assert f"graded again by grader 5; the agent's work is that of {one['from']}" in log
    assert "=== turn 1" in log
    assert "--- grading.txt" in log
    assert "--- patch.diff" in log


def test_second_time_it_says_so_and_does_nothing(aged):
    first = aged.dgm("regrade").stdout.splitlines()
    assert first[-1].endswith("0 came out differently; scores count grader 5 now")
    assert len(first) == results(aged) + 2
    second = aged.dgm("regrade")
    assert (second.returncode, len(second.stdout.splitlines())) == (0, 1)
    assert "nothing to do, its results are by the present grader 5; --again" in second.stdout
    again = aged.dgm("regrade", "--again")
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[-1].endswith("results graded again, 0 came out differently")
    assert results(aged) == len(first) - 2


def test_again_fails_where_the_same_grader_says_something_else(aged):
    assert aged.dgm("regrade").returncode == 0
    in_database(aged, "UPDATE rollouts SET outcome = 'failed' WHERE outcome = 'solved' AND split "
                      "= 'search' AND grader_version = '5'")  # fmt: skip
    again = aged.dgm("regrade", "--again", "--json")
    assert again.returncode == 1
    differ = [one for one in json.loads(again.stdout)["graded"] if not one["is_same"]]
    assert differ
    assert {(one["before"], one["now"]) for one in differ} == {("failed", "solved")}


def test_resume_and_eval_of_an_older_run_name_the_command(aged):
    for words in (("resume", "tiny"), ("eval", "seed"), ("regrade", "--again")):
        done = aged.dgm(*words)
        assert "was graded by version 2 of the grader, and this is version 5" in done.stderr
        assert "which runs no agent: dgm regrade tiny" in done.stderr
        assert done.returncode == 2
    assert aged.dgm("regrade").returncode == 0
    assert aged.dgm("resume", "tiny").returncode == 0


def test_whole_replay_of_an_older_run_says_that_the_grader_is_another(aged):
    line = "tiny was graded by version 2 of the grader, the replay by version 5: outcomes may"
    replayed = aged.dgm("evolve", "--replay", "tiny", "--name", "replayed")
    assert replayed.returncode == 0, replayed.stderr
    assert line in replayed.stdout
    assert "replay of tiny: the tree is the same" in replayed.stdout
    rollout = json.loads(aged.dgm("show", "seed", "--json", "--run", "tiny").stdout)
    name = rollout["evaluations"]["search"][0]["id"]
    in_database(aged, f"UPDATE rollouts SET outcome = 'tampered' WHERE id = '{name}'")
    single = aged.dgm("replay", "seed", name, "--run", "tiny").stdout
    assert "the outcome differs: tampered recorded by grader 2, " in single
    assert " now by grader 5" in single


def test_changed_task_is_refused_by_name(aged):
    write_task(aged.path / "tasks", "t0-wants-1", 1, seconds=19.0)
    line = complaint(aged.dgm("regrade"))
    assert "not those that run tiny was graded on: t0-wants-1 changed or gone" in line
    assert results(aged) == 0


def test_killed_at_any_moment_it_ends_as_if_it_had_not_been(aged, tmp_path):
    shutil.copytree(aged.path, tmp_path / "whole")
    whole = type(aged)(tmp_path / "whole")
    in_database(whole, f"UPDATE meta SET value = replace(value, '{aged.path}', '{whole.path}')")
    assert whole.dgm("regrade").returncode == 0
    before = json.loads(aged.dgm("tree", "--json").stdout)["agents"]
    for enough in (1, 3):
        process = aged.start("regrade", "--workers", "1")
        deadline = time.monotonic() + 60
        while results(aged) < enough:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
        process.communicate()
        assert enough > 1 or results(aged) < results(whole)
        if results(aged) == results(whole):
            break  # the last came in one go
        tree = json.loads(aged.dgm("tree", "--json").stdout)
        assert (tree["agents"], tree["grader"]["counted"]) == (before, "2")
    last = aged.dgm("regrade", "--json")
    assert last.returncode == 0, last.stderr
    assert len(json.loads(last.stdout)["graded"]) <= results(whole) - 3
    outcomes = (
        "SELECT tree_hash, task_digest, attempt, outcome, regraded_from FROM rollouts "
        "WHERE grader_version = '5' AND outcome <> 'infrastructure' ORDER BY 1, 2, 3"
    )
    assert in_database(aged, outcomes) == in_database(whole, outcomes)
    told = aged.dgm("fsck").stdout
    assert "error" not in told
