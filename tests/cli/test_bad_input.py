"""Each wrong word is one clear line with the remedy, exit code 2, and nothing is left behind."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.cli.conftest import TINY, complaint
from tests.machine import write_agent


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--set", "budget.childs=3"], "unknown setting 'budget.childs'; known here: calls, chil"),
        (
            ["--set", "nonsense=3"],
            "unknown setting 'nonsense'; known here: agent, benchmark",
        ),
        (["--set", "workers"], "--set takes key=value"),
        (["--set", "=3"], "--set takes key=value"),
        (["--set", "seed.x=3"], "setting seed = {'x': 3} cannot be used"),
        (["--set", "seed=many"], "setting seed = 'many' cannot be used"),
        (["--children", "-1"], "setting budget.children = -1 cannot be used"),
        (["--children", 20 * "9"], "setting budget.children = 99999999999999999999 cannot be used"),
        (["--workers", "0"], "setting workers = 0 cannot be used"),
        (["--hours", "0"], "setting budget.hours = 0 cannot be used"),
        (
            ["--config", "nowhere.toml"],
            "cannot read the configuration nowhere.toml: No such file or",
        ),
        (["--config", "tasks"], "cannot read the configuration tasks: Is a directory; name a"),
        (["--seed-agent", ""], "argument --seed-agent: it is empty"),
        (["--archive", ""], "argument --archive: it is empty"),
        (["--archive", "learner/main.py"], "argument --archive: learner/main.py is no folder"),
        (["--config", "broken.toml"], "broken.toml is not valid TOML"),
        (["--config", "unknown.toml"], "unknown setting 'search.polcy'; known here: keep"),
        (["--model", "gpt"], "unknown model 'gpt'; known: builtin"),
        (["--model", "builtin/gpt"], "unknown model 'builtin/gpt'; known: builtin"),
        (["--model", "builtin/"], "unknown model 'builtin/'; known: builtin"),
        (["--diagnosis-model", "gpt"], "unknown model 'gpt'; known: builtin"),
        (["--diagnosis-model", "builtin/x"], "unknown model 'builtin/x'; known: builtin"),
        (["--policy", "worst"], "unknown policy 'worst'; choose one of: dgm"),
        (["--benchmark", "nothing"], "unknown benchmark 'nothing'; choose quick"),
        (["--benchmark", "learner"], "learner': each is a folder with a task.toml"),
        (["--seed-agent", "nowhere"], "nowhere does not exist; name a folder with an agent.toml"),
        (["--seed-agent", "tasks"], "tasks is not an agent: it has no agent.toml"),
        (["--seed-agent", "blank"], "no [agent] table; write [agent], and below it command and"),
        (["--seed-agent", "mute"], "agent.toml: command is missing; write command = ["),
        (["--seed-agent", "garbled"], "garbled/agent.toml is not valid TOML"),
        (["--sandbox", "prison"], "setting sandbox.driver = 'prison' cannot be used"),
        (["--name", "../up"], "a run cannot be named '../up'; take letters, digits, -, _ and ."),
        (["--name", "a b"], "a run cannot be named 'a b'; take letters, digits"),
        (["--name", 300 * "a"], f"a run cannot be named '{39 * 'a'}…'; take letters"),
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
    write_agent(place.path / "blank", "pass")
    (place.path / "blank" / "agent.toml").write_text("")
    write_agent(place.path / "garbled", "pass")
    (place.path / "garbled" / "agent.toml").write_text("[agent\n")

    done = place.dgm("evolve", *TINY, *words)

    assert expected in complaint(done)
    assert not list(place.path.glob("archive/*"))


def test_archive_that_cannot_be_made_is_refused_with_the_remedy(place):
    done = place.dgm("evolve", *TINY, "--archive", "/proc/x")
    remedy = "dgm: /proc/x: No such file or directory; name another place with --archive\n"
    assert (done.returncode, done.stderr) == (1, remedy)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "the following arguments are required: COMMAND; see: dgm --help"),
        (["grow"], "there is no command 'grow'; see: dgm --help"),
        (["evole"], "there is no command 'evole' (did you mean evolve?); see: dgm --help"),
        (["tree", ""], "argument RUN: it is empty; see: dgm tree --help"),
        (["tree", "nope"], "there is no run 'nope' in archive (newest runs: tiny)"),
        (["tree", "--archive", "empty"], "no run in empty yet; start one with: dgm evolve"),
        (["resume", "nope"], "there is no run 'nope'"),
        (["show", "a9"], "there is no agent 'a9'; list them with: dgm tree"),
        (["show", "a000"], "'a000' may be any of 2 agents: a0000, a0001\n"),
        (["show", ""], "argument AGENT: it is empty"),
        (["diff", "best", "b1"], "there is no agent 'b1'"),
        (["log", "seed", "nope"], "no rollout on 'nope'; it has: canary, t0-wants-1"),
        (["replay", "seed", "nope"], "no task 'nope' to replay; see: dgm show a0000"),
        (["eval", "seed", "--attempts", "0"], "'0' is not a number of at least 1"),
        (["export", "seed", "--to", ""], "argument --to: it is empty"),
        (["export", "seed", "--to", "learner/main.py"], "learner/main.py is a file; name a new"),
        (["export", "seed", "--to", "/proc/1/x"], "--to /proc/1/x cannot be written: "),
        (["export", "seed", "--to", "learner"], "learner is not empty; name a new folder"),
        (["run", "seed", "--problem", "x"], "required: --repo; see: dgm run --help"),
        (["run", "seed", "--repo", "no", "--problem", "x"], "no folder no; name your repository"),
        (["run", "seed", "--repo", "empty", "--problem", "x"], "empty holds no files to work on"),
        (["run", "seed", "--repo", "tasks", "--problem", "@no"], "the problem no: No such file"),
        (["run", "seed", "--repo", "tasks", "--problem", " "], "argument --problem: it is empty"),
        (["evolve", "--set", "benchmark.promote=2"], "benchmark.promote"),
        (["regrade", "nope"], "there is no run 'nope'"),
        (["bench", "verify", "nothing"], "unknown benchmark 'nothing'"),
        (["bench"], "the following arguments are required: ACTION"),
    ],
)
def test_unknown_run_agent_task_or_word_is_one_line(finished, words, expected):
    (finished.path / "empty").mkdir(exist_ok=True)
    assert expected in complaint(finished.dgm(*words)) + "\n"


def test_evolve_refuses_a_wrong_word_before_it_opens_a_sandbox(place):
    for words in (["--benchmark", "nothing"], ["--seed-agent", "nowhere"], ["--model", "gpt"]):
        assert place.evolve("new", "--sandbox", "docker", *words).returncode == 2
    unavailable = place.evolve("new", "--sandbox", "docker")  # where nothing else is wrong
    assert "no Docker engine" in complaint(unavailable, 1)


@pytest.mark.parametrize("key", ["seed_agent", "benchmark.name", "model.replay"])
def test_empty_path_is_called_empty(place, key):
    line = complaint(place.dgm("evolve", "--set", f"{key}="))
    assert line == f"dgm: setting {key} = '' cannot be used: it is empty"
    assert not list(place.path.glob("archive/*"))


def test_stages_beyond_the_tasks_are_told_and_end_with_the_last(place, bubblewrapped):
    words = ("--benchmark", "tasks", "--seed-agent", "learner", "--tokens", "9")
    beyond = place.dgm("evolve", *words, "--set", "benchmark.stages=[1, 900]")
    line = (
        "benchmark.stages = [1, 900], but tasks has 2 search tasks: a stage beyond them ends with"
    )
    assert line in beyond.stdout
    within = place.dgm("evolve", *words, "--set", "benchmark.stages=[1, 2]")
    assert "benchmark.stages" not in within.stdout
    assert "stopped: the budget of the run is spent" in within.stdout


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
    assert "put archive/tiny back from a copy" in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["tree", "resume", "fsck"])
@pytest.mark.parametrize("part", ["run.db", "agents.git"])
def test_run_that_lost_a_part_is_one_line_with_a_remedy(copied, command, part):
    run = copied.path / "archive" / "tiny"
    shutil.rmtree(run / part) if part == "agents.git" else (run / part).unlink()
    done = copied.dgm(command, "tiny")
    said = done.stdout + done.stderr
    assert done.returncode in (1, 2)
    assert part in said
    assert "put archive/tiny back from a copy, or begin anew: dgm evolve" in said
    assert "see: dgm fsck" not in said


def test_run_without_its_settings_file_goes_on_with_those_in_the_database(copied):
    (copied.path / "archive" / "tiny" / "run.toml").unlink()
    checked = copied.dgm("fsck", "tiny")
    assert (checked.returncode, checked.stdout.splitlines()) == (
        0,
        ["note: run.toml: is missing; no effect: run.db keeps the settings", "nothing is wrong"],
    )
    assert copied.dgm("resume", "tiny").returncode == 0


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


@pytest.mark.slow
def test_run_of_an_older_version_is_read_by_nothing_before_resume_has_brought_it_up_to_date(copied):
    database = copied.path / "archive" / "tiny" / "run.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA user_version = 1")
    for words in (
        ("tree",),
        ("cost",),
        ("show", "seed"),
        ("diff", "best"),
        ("log", "seed", "canary"),
        ("replay", "seed"),
        ("export", "seed", "--to", "laid-out"),
        ("estimate", "--like", "tiny"),
        ("evolve", "--replay", "tiny"),
        ("run", "seed", "--repo", "learner", "--problem", "1"),
    ):
        said = complaint(copied.dgm(*words))
        assert "has the older format 1; bring it up to date: dgm resume" in said, words
        assert said.endswith("tiny"), words
    assert "bring it up to date: dgm resume" in copied.dgm("fsck", "tiny").stdout
