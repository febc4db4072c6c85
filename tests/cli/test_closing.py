"""The report at the end of a run, and the commands it offers."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dgm.titles import counted
from tests.cli.conftest import TINY, furnish

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def improved(tmp_path_factory, bubblewrapped):
    """A place with a run that found something better, in an archive with a difficult name."""
    place = furnish(tmp_path_factory.mktemp("improved"))
    words = (*TINY, "--children", "3", "--archive", "my runs", "--policy", "greedy")
    done = place.dgm("evolve", "--name", "one", *words)
    assert done.returncode == 0, done.stderr
    return place, done.stdout


def test_report_names_the_best_what_it_changed_and_what_it_is_worth(improved):
    place, report = improved
    shown = place.dgm("show", "best", "--run", "my runs/one", "--json").stdout
    lineage = json.loads(shown)["lineage"]
    assert len(lineage) > 1
    assert f"best agent: {lineage[-1]}, which changed\n  {lineage[1]}  " in report
    assert "lines against the seed, in notes.txt, skill.txt\n" in report
    tree = json.loads(place.dgm("tree", "my runs/one", "--json").stdout)
    seed = tree["agents"][0]
    tasks = counted(seed["sealed_attempted"], "sealed task")
    head = f"on the {tasks}, which the search never saw:\n  seed "
    assert head in report
    sealed = report[report.index(head) :]
    assert f" {seed['sealed_solved']}/{seed['sealed_attempted']}\n  best " in sealed
    assert "(McNemar p = " in sealed
    assert "\ntime " in sealed
    assert " tokens in " in sealed
    assert " USD\n" in sealed


def test_commands_of_the_report_work_when_pasted(improved):
    place, report = improved
    lines = report[report.index("to look further:") :].splitlines()
    commands = [line.strip() for line in lines if line.startswith("  ")]
    assert [shlex.split(command)[3] for command in commands] == [
        *("tree", "show", "diff", "log", "replay", "export", "run")
    ]
    for command in commands[:-1]:
        done = subprocess.run(command, shell=True, capture_output=True, **place.settings)
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout
    assert (place.path / "my runs" / "one-best" / "agent.toml").is_file()
    yours = place.path / "yours"
    yours.mkdir()
    (yours / "answer.py").write_text("VALUE = 0\n")
    settings = {**place.settings, "cwd": yours}
    own = commands[-1].replace("mend what the tests complain about", "VALUE should be 1")
    done = subprocess.run(own, shell=True, capture_output=True, **settings)
    assert done.returncode == 0, done.stderr
    assert "+VALUE = 1" in done.stdout


def test_command_is_named_as_it_was_called(finished):
    program = Path(sys.executable).with_name("dgm")
    if not program.exists():
        pytest.skip("dgm is not installed as a command here")
    settings = {**finished.settings, "env": {**finished.settings["env"], "PATH": "/usr/bin:/bin"}}
    words = [str(program), "resume", "tiny"]
    far = subprocess.run(words, capture_output=True, **settings)
    assert f"  {program} tree tiny\n" in far.stdout
    settings["env"]["PATH"] += f":{program.parent}"
    near = subprocess.run(words, capture_output=True, **settings)
    assert "  dgm tree tiny\n" in near.stdout
    assert shutil.which("dgm", path=settings["env"]["PATH"])


def test_budget_too_small_for_the_seed_names_commands_that_work_and_how_to_go_on(
    place, bubblewrapped
):
    done = place.evolve("poor", "--tokens", "9")
    assert done.returncode == 1, done.stdout
    report = done.stdout[done.stdout.index("nothing is archived yet; to look further:") :]
    commands = [line.strip() for line in report.splitlines() if line.startswith("  ")]
    assert len(commands) == 2
    for command in commands:
        tried = subprocess.run(command, shell=True, capture_output=True, **place.settings)
        assert tried.returncode == 0, (command, tried.stderr)
    more = "dgm resume poor --tokens N, or --usd N"
    assert f"of the run is spent; go on with more, in all: {sys.executable} -m {more}" in report
    assert more in place.dgm("tree", "poor").stdout
    assert place.dgm("resume", "poor", "--tokens", "100000").returncode == 0
