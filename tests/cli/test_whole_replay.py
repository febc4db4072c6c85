"""`dgm evolve --replay`: a whole run again from its transcripts, with no model behind it."""

import gzip
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dgm.archive.reader import RunReader
from tests.cli.conftest import complaint, furnish
from tests.machine import facts

TWO = ("--benchmark", "tasks", "--seed-agent", "learner", "--workers", "1", "--children", "2")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, bubblewrapped):
    """A place with a recorded run of two children."""
    place = furnish(tmp_path_factory.mktemp("recorded"))
    done = place.dgm("evolve", "--name", "first", *TWO, "--set", "benchmark.stages=[3]")
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture
def copied(recorded, tmp_path):
    """The same, to spoil."""
    place = furnish(tmp_path / "copy")
    first = Path("archive", "first")
    shutil.copytree(recorded.path / first, place.path / first)
    benchmark = (recorded.path / "tasks", place.path / "tasks")
    settings = place.path / first / "run.toml"
    settings.write_text(settings.read_text().replace(*map(str, benchmark)))
    return place


def facts_of(place, name):
    with RunReader.open(place.path / "archive" / name) as reader:
        return facts(reader)


# A program that ends the process as soon as any provider is asked.
UNASKED = """
import os, sys
from dgm.gateway.builtin import BuiltinProvider
def complete(*_):
    os.write(2, b"A MODEL WAS ASKED\\n")
    os._exit(99)
BuiltinProvider.complete = complete
from dgm.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_replay_grows_the_same_tree_without_a_model_or_a_key(recorded):
    words = ("evolve", "--replay", "first", "--name", "again", "--workers", "1")
    done = recorded.python("-c", UNASKED, *words)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "the tree is the same, 0 of " in done.stdout
    assert facts_of(recorded, "again") == facts_of(recorded, "first")
    assert len(facts_of(recorded, "first")["agents"]) == 3
    books = json.loads(recorded.dgm("cost", "again", "--json").stdout)
    assert books["spent"]["cost_usd"] == 0


@pytest.mark.slow
def test_positive_control_an_ordinary_run_does_ask_the_model(recorded):
    words = ("evolve", "--name", "asks", *TWO)
    done = recorded.python("-c", UNASKED, *words)
    assert done.returncode == 99
    assert "A MODEL WAS ASKED" in done.stderr


@pytest.mark.slow
def test_replay_takes_the_seed_agent_and_settings_from_the_run(copied):
    shutil.rmtree(copied.path / "learner")
    done = copied.dgm("evolve", "--replay", "first", "--name", "again")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert facts_of(copied, "again")["agents"] == facts_of(copied, "first")["agents"]


@pytest.mark.slow
def test_work_that_was_not_recorded_is_refused_in_one_line(copied):
    run = copied.path / "archive" / "first"
    with closing(sqlite3.connect(run / "run.db")) as database:
        (last,) = database.execute(
            "SELECT id FROM rollouts WHERE purpose = 'modify' ORDER BY number DESC LIMIT 1"
        ).fetchone()
    for transcript in (run / "rollouts" / last).glob("transcript.jsonl*"):
        transcript.unlink()
    line = complaint(copied.dgm("evolve", "--replay", "first", "--name", "again"))
    assert "run first has no recording of this modify" in line


@pytest.mark.slow
def test_answers_that_were_changed_show_as_differences(copied):
    """A diagnosis says something else now: the child's title and statement follow it."""
    run = copied.path / "archive" / "first"
    with closing(sqlite3.connect(run / "run.db")) as database:
        (first,) = database.execute(
            "SELECT id FROM rollouts WHERE purpose = 'diagnose' ORDER BY number LIMIT 1"
        ).fetchone()
    (transcript,) = (run / "rollouts" / first).glob("transcript.jsonl.gz")
    text = gzip.decompress(transcript.read_bytes()).decode()
    changed = text.replace('improvement_proposal\\": \\"', 'improvement_proposal\\": \\"Or: ')
    assert changed != text
    transcript.write_bytes(gzip.compress(changed.encode()))
    done = copied.dgm("evolve", "--replay", "first", "--name", "again")
    assert done.returncode != 0
    assert "the trees differ" in done.stdout or "no recording of this" in done.stderr


@pytest.mark.slow
def test_interrupted_replay_goes_on_as_a_replay(copied):
    """What resume asks is answered from the recording too, never by a model."""
    done = copied.dgm("evolve", "--replay", "first", "--name", "again")
    assert done.returncode == 0
    with closing(sqlite3.connect(copied.path / "archive" / "again" / "run.db")) as database:
        undone = "FROM rollouts WHERE split = 'sealed'"
        database.execute(f"DELETE FROM spending WHERE rollout_id IN (SELECT id {undone})")
        assert database.execute(f"DELETE {undone}").rowcount
        database.commit()
    done = copied.python("-c", UNASKED, "resume", "again")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert facts_of(copied, "again") == facts_of(copied, "first")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--replay", "nowhere"), "there is no run 'nowhere'"),
        (("--replay", "first", "--children", "3"), "leave out --children"),
        (("--replay", "first", "--model", "openai/x"), "leave out --model"),
        (("--replay", "first", "--set", "seed=2"), "leave out --config, --set and --cache"),
        (("--replay", "first", "--cache"), "leave out --config, --set and --cache"),
        (("--replay", "first", "--name", "first"), "exists already"),
        (("--set", "model.replay=nowhere"), "nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@pytest.mark.slow
def test_wrong_words_for_a_replay_are_one_clear_line(recorded, words, said):
    assert said in complaint(recorded.dgm("evolve", *words))
