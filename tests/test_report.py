"""Every number of a report, recomputed from rows by SQL of the test's own."""

import json
import sqlite3
import subprocess
import sys
from math import sqrt
from pathlib import Path

import pytest

from dgm.archive.reader import RunReader
from dgm.errors import UserError
from dgm.events import EventKind
from dgm.gateway.transcript import read_transcript
from dgm.records import AgentState
from dgm.report import describe_score, summarise, tree_as_json
from tests.machine import write_agent

ATTEMPTED = """
    SELECT count(*), sum(r.outcome = 'solved') FROM rollouts r JOIN agents a USING (tree_hash)
    WHERE a.id = ? AND r.purpose = 'evaluate' AND r.split = ? AND r.outcome <> 'infrastructure'
"""
PER_TASK = """
    SELECT r.task_id, avg(r.outcome = 'solved') FROM rollouts r JOIN agents a USING (tree_hash)
    WHERE a.id = ? AND r.purpose = 'evaluate' AND r.split = 'search'
    AND r.outcome <> 'infrastructure' GROUP BY r.task_id
"""


@pytest.fixture
def rows(finished):
    _, path = finished
    connection = sqlite3.connect(f"file:{path / 'run.db'}?mode=ro", uri=True)
    yield lambda query, *values: connection.execute(query, values).fetchall()
    connection.close()


@pytest.fixture
def report(finished):
    _, path = finished
    with RunReader.open(path) as reader:
        yield summarise(reader)


def test_run_is_worth_looking_at(report):
    """What the other tests here would prove nothing without."""
    assert len(report.agents) == 3
    assert sum(line.search.solved for line in report.agents) > 0
    assert any(line.search.solved < line.search.attempted for line in report.agents)
    assert sum(line.gained for line in report.agents) > 0
    assert report.usage.tokens > 0


def test_scores_are_counts_of_rows(report, rows):
    for line in report.agents:
        for split, score in (("search", line.search), ("sealed", line.sealed)):
            ((attempted, solved),) = rows(ATTEMPTED, line.agent.id, split)
            assert (score.attempted, score.solved) == (attempted, solved or 0)


def test_gains_and_losses_are_counted_over_the_tasks_both_have_met(report, rows):
    for line in report.agents[1:]:
        own, parents = (
            dict(rows(PER_TASK, name)) for name in (line.agent.id, line.agent.parent_id)
        )
        both = own.keys() & parents.keys()
        assert line.gained == sum(own[task] > parents[task] for task in both)
        assert line.lost == sum(own[task] < parents[task] for task in both)


def test_spending_of_the_run_is_that_of_its_agents_and_of_every_row(report, rows):
    query = "SELECT sum(calls), sum(input_tokens + output_tokens), sum(cost_usd) FROM spending"
    ((calls, tokens, cost),) = rows(query)
    assert (report.usage.calls, report.usage.tokens) == (calls, tokens)
    assert report.usage.cost_usd == pytest.approx(cost)
    for line in report.agents:
        ((own,),) = rows(
            "SELECT sum(input_tokens + output_tokens) FROM spending WHERE agent_id = ?",
            line.agent.id,
        )
        assert line.agent.usage.tokens == own
    assert sum(line.agent.usage.tokens for line in report.agents) == tokens


def test_calls_that_were_paid_are_the_calls_in_the_transcripts(finished, rows):
    _, path = finished
    for rollout, calls in rows("SELECT rollout_id, calls FROM spending WHERE rollout_id NOT NULL"):
        transcript = path / "rollouts" / rollout / "transcript.jsonl"
        assert calls == len(list(read_transcript(transcript)))


def test_counts_of_states_and_status_are_those_of_rows_and_events(report, rows):
    for state in AgentState:
        ((count,),) = rows("SELECT count(*) FROM agents WHERE number > 0 AND state = ?", state)
        assert report.count(state) == count
    ((kind,),) = rows("SELECT kind FROM events ORDER BY id DESC LIMIT 1")
    assert (kind, report.status) == ("run_finished", "finished")
    assert report.children == rows("SELECT count(*) - 1 FROM agents")[0][0]


def test_run_whose_lock_nobody_holds_is_not_running(machine, learner):
    with machine.new_run(learner) as store:
        path = store.run.path
        store.append_event(EventKind.RUN_STARTED)
        assert summarise(store).status == "running"
    with RunReader.open(path) as reader:
        told = tree_as_json(summarise(reader))
    assert (told["status"], told["why"]) == ("stopped", "it ended without a word")


def test_run_that_ended_by_an_error_says_which(machine, tmp_path):
    broken = write_agent(tmp_path / "broken", "pass", tests='["false"]')
    with machine.new_run(broken) as store:
        with machine.evolution(store) as evolution, pytest.raises(UserError):
            evolution.run()
        report = summarise(store)
    assert report.status == "stopped"
    assert report.why.startswith("the seed agent does not work")


def test_best_agent_is_the_surest_among_those_that_met_the_last_stage(report, rows):
    archived = [line for line in report.agents if line.agent.state is AgentState.ARCHIVED]
    last = max(line.search.attempted for line in archived)
    rivals = [line for line in archived if line.search.attempted == last]
    assert report.line(report.best_id) in rivals
    assert report.line(report.best_id).search.mean == max(line.search.mean for line in rivals)


def test_interval_shown_is_wilsons(report):
    score = report.agents[0].search
    n, p, z = score.attempted, score.mean, 1.959964
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low, high = max(0, centre - half), min(1, centre + half)
    assert f"[{low:.0%}, {high:.0%}] {score.solved}/{n}" in describe_score(score)


def test_json_tells_the_same_numbers(report, rows):
    told = json.loads(json.dumps(tree_as_json(report)))
    assert (told["best"], told["tokens"]) == (report.best_id, report.usage.tokens)
    for line, agent in zip(report.agents, told["agents"], strict=True):
        assert (agent["solved"], agent["attempted"]) == (line.search.solved, line.search.attempted)
        sealed = (agent["sealed_solved"], agent["sealed_attempted"])
        assert sealed == (line.sealed.solved, line.sealed.attempted)
        ((parent, tree, probability),) = rows(
            "SELECT parent_id, tree_hash, selection_probability FROM agents WHERE id = ?",
            agent["id"],
        )
        told_of = (agent["parent"], agent["tree"], agent["selection_probability"])
        assert told_of == (parent, tree, probability)


def test_command_prints_the_report_as_json(finished, report):
    _, path = finished
    code = "import sys; from dgm.cli import main; sys.exit(main())"
    words = ["tree", "--json", "--archive", str(path.parent), path.name]
    environment = {"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env=environment, capture_output=True, check=True
    )
    assert json.loads(done.stdout) == json.loads(json.dumps(tree_as_json(report)))
