"""Each wrong word is one clear line with the remedy, exit code 2, and nothing is left behind."""

import shutil
import sqlite3

import pytest

from tests.cli.conftest import TINY, complaint
from tests.machine import write_agent


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--set", "budget.childs=3"], "unknown setting 'budget.childs'; known here: children"),
        (
            ["--set", "nonsense=3"],
            "unknown setting 'nonsense'; known here: agent, benchmark",
        ),
        (["--set", "workers"], "--set takes key=value"),
        (["--set", "=3"], "--set takes key=value"),
        (["--set", "seed.x=3"], "setting seed = {'x': 3} cannot be used"),
        (["--set", "seed=many"], "setting seed = 'many' cannot be used"),
        (["--children", "-1"], "setting budget.children = -1 cannot be used"),
        (["--workers", "0"], "setting workers = 0 cannot be used"),
        (["--hours", "0"], "setting budget.hours = 0 cannot be used"),
        (["--config", "nowhere.toml"], "cannot read the configuration nowhere.toml"),
        (["--config", "broken.toml"], "broken.toml is not valid TOML"),
        (["--config", "unknown.toml"], "unknown setting 'search.polcy'; known here: keep"),
        (["--model", "gpt"], "unknown model 'gpt'; known: builtin"),
        (["--model", "builtin/gpt"], "unknown model 'builtin/gpt'; known: builtin"),
        (["--model", "builtin/"], "unknown model 'builtin/'; known: builtin"),
        (["--diagnosis-model", "gpt"], "unknown model 'gpt'; known: builtin"),
        (["--diagnosis-model", "builtin/x"], "unknown model 'builtin/x'; known: builtin"),
        (["--policy", "worst"], "unknown policy 'worst'; choose one of: dgm"),
        (["--benchmark", "nothing"], "unknown benchmark 'nothing'; choose quick or a folder"),
        (["--benchmark", "learner"], "learner': each is a folder with a task.toml"),
        (["--seed-agent", "nowhere"], "nowhere does not exist; name a folder with an agent.toml"),
        (["--seed-agent", "tasks"], "tasks is not an agent: it has no agent.toml"),
        (["--seed-agent", "mute"], "agent.toml: command is missing; write command = ["),
        (["--seed-agent", "garbled"], "garbled/agent.toml is not valid TOML"),
        (["--sandbox", "prison"], "setting sandbox.driver = 'prison' cannot be used"),
        (["--name", "../up"], "a run cannot be named '../up'; take letters, digits and -"),
        (["--name", ""], "a run cannot be named ''"),
        (["--name", "one\ntwo"], "a run cannot be named 'one\\ntwo'"),
        (["--nonsense"], "unrecognized arguments: --nonsense; see: dgm --help"),
    ],
)
def test_evolve_refuses_what_cannot_work_and_makes_no_run(place, words, expected):
    (place.path / "broken.toml").write_text("workers = = 2")
    (place.path / "unknown.toml").write_text('[search]\npolcy = "dgm"')
    write_agent(place.path / "mute", "pass")
    (place.path / "mute" / "agent.toml").write_text('[agent]\nname = "mute"\n')
    write_agent(place.path / "garbled", "pass")
    (place.path / "garbled" / "agent.toml").write_text("[agent\n")

    done = place.dgm("evolve", *TINY, *words)

    assert expected in complaint(done)
    assert not list(place.path.glob("archive/*"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "the following arguments are required: COMMAND; see: dgm --help"),
        (["grow"], "invalid choice: 'grow'"),
        (["tree", "nope"], "there is no run 'nope' in archive (newest runs: tiny)"),
        (["tree", "--archive", "empty"], "no run in empty yet; start one with: dgm evolve"),
        (["resume", "nope"], "there is no run 'nope'"),
        (["show", "a9"], "there is no agent 'a9'; list them with: dgm tree"),
        (["show", "a000"], "'a000' may be any of 2 agents: a0000, a0001"),
        (["show", ""], "there is no agent ''"),
        (["diff", "best", "b1"], "there is no agent 'b1'"),
        (["log", "seed", "nope"], "no rollout on 'nope'; it has: canary, t0-wants-1"),
        (["replay", "seed", "nope"], "no task 'nope' to replay; see: dgm show a0000"),
        (["eval", "seed", "--attempts", "0"], "'0' is not a number of at least 1"),
        (["export", "seed", "--to", "learner"], "learner is not empty; name a new folder"),
        (["run", "seed", "--problem", "x"], "required: --repo; see: dgm run --help"),
        (["run", "seed", "--repo", "no", "--problem", "x"], "no folder no; name your repository"),
        (["run", "seed", "--repo", "empty", "--problem", "x"], "empty holds no files to work on"),
        (["run", "seed", "--repo", "tasks", "--problem", "@no"], "cannot read the problem no"),
        (["bench", "verify", "nothing"], "unknown benchmark 'nothing'"),
        (["bench"], "the following arguments are required: ACTION"),
    ],
)
def test_unknown_run_agent_task_or_word_is_one_line(finished, words, expected):
    (finished.path / "empty").mkdir(exist_ok=True)
    assert expected in complaint(finished.dgm(*words))


def test_run_can_be_named_by_its_folder(finished):
    by_name, by_folder = finished.dgm("tree", "tiny"), finished.dgm("tree", "./archive/tiny/")
    assert by_name.returncode == by_folder.returncode == 0
    assert by_name.stdout == by_folder.stdout != ""


def test_name_in_use_is_refused_and_the_run_kept(finished):
    before = finished.dgm("tree", "tiny", "--json").stdout
    assert "exists already; take another --name" in complaint(finished.evolve("tiny"))
    assert finished.dgm("tree", "tiny", "--json").stdout == before


@pytest.fixture
def copied(finished, tmp_path):
    """The finished run in a place of its own, to be spoiled."""
    shutil.copytree(finished.path, tmp_path / "copy")
    return type(finished)(tmp_path / "copy")


@pytest.mark.parametrize("command", ["tree", "resume", "fsck"])
def test_half_written_run_is_one_line(copied, command):
    run = copied.path / "archive" / "tiny"
    (run / "run.db").write_bytes((run / "run.db").read_bytes()[:5000])
    done = copied.dgm(command, "tiny")
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert "damaged" in done.stdout + done.stderr


def test_run_without_its_database_is_no_run(copied):
    (copied.path / "archive" / "tiny" / "run.db").unlink()
    assert "there is no run 'tiny'" in complaint(copied.dgm("resume", "tiny"))


def test_run_without_its_agents_is_one_line(copied):
    shutil.rmtree(copied.path / "archive" / "tiny" / "agents.git")
    assert "agents.git" in complaint(copied.dgm("resume", "tiny"))


@pytest.mark.parametrize("command", ["tree", "resume"])
def test_run_of_a_newer_version_is_refused_unharmed(copied, command):
    database = copied.path / "archive" / "tiny" / "run.db"
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert "written by a newer dgm" in complaint(copied.dgm(command, "tiny"))
    connection = sqlite3.connect(database)
    assert connection.execute("PRAGMA user_version").fetchone() == (999,)
    connection.close()
