"""`dgm bench`, and evolving and measuring on a folder of somebody's tasks."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dgm.archive.reader import RunReader
from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.errors import SandboxUnavailableError
from dgm.records import Environment
from dgm.wiring.runs import _check_images
from dgm.workspaces import Workspaces
from tests.machine import write_task

pytestmark = pytest.mark.slow


@pytest.fixture
def place(place, tmp_path):
    """A place with a cache of its own."""
    return replace(place, environment={**place.environment, "XDG_CACHE_HOME": str(tmp_path / "c")})


@pytest.fixture
def folder(place):
    """Two good tasks, one whose solution fails, one that is malformed."""
    write_task(place.path / "mine", "good", 1)
    write_task(place.path / "mine", "more", 2)
    write_task(place.path / "mine", "wrong", 3, files={"solution/answer.py": "VALUE = 7\n"})
    write_task(place.path / "mine", "zero", 4, files={"task.toml": "[agent\n"})
    latin = write_task(place.path / "mine", "latin", 5)
    (latin / "instruction.md").write_bytes(b"VALUE should be \xff")
    return place.path / "mine"


def test_folder_is_prepared_once_listed_and_evolved_on(place, folder):
    first = place.dgm("bench", "prepare", "mine", timeout_s=240)
    assert first.returncode == 0, first.stderr
    assert "sound" in first.stdout
    assert "left out: wrong: its solution does not pass" in first.stdout
    assert "left out: zero: task.toml is not valid TOML" in first.stdout
    assert "left out: latin: it cannot be read: 'utf-8' codec can't decode" in first.stdout

    again = place.dgm("bench", "prepare", "mine")
    assert again.returncode == 0
    assert " s  sound" not in again.stdout
    assert "3 left out" in again.stdout

    listed = json.loads(place.dgm("bench", "list", "--json").stdout)
    mine = next(row for row in listed if "mine" in row["name"])
    assert (mine["is_prepared"], mine["search"] + mine["sealed"]) == (True, 2)
    assert sorted(mine["left_out"]) == ["latin", "wrong", "zero"]

    evolved = place.dgm(
        *("evolve", "--name", "r", "--benchmark", "mine", "--seed-agent", "learner"),
        *("--workers", "1", "--children", "1", "--set", "benchmark.stages=[1]"),
        timeout_s=240,
    )
    assert evolved.returncode == 0, evolved.stderr
    assert "left out: wrong" in evolved.stdout + evolved.stderr


def test_verify_finds_what_is_unsound_and_says_so_by_its_code(place, folder):
    found = place.dgm("bench", "verify", "mine", "--repeat", "2", "--json", timeout_s=240)
    assert found.returncode == 1
    problems = {row["task"]: row["problems"] for row in json.loads(found.stdout)}
    assert problems["good"] == problems["more"] == []
    assert "does not pass" in problems["wrong"][0]
    assert "not valid TOML" in problems["zero"][0]


def test_what_is_no_task_of_a_suite_does_not_make_it_unsound(place):
    source = Path(__file__).parents[1] / "benchmarks" / "polyglot" / "exercises"
    words = ("--from", str(source), "--languages", "python")
    prepared = place.dgm("bench", "prepare", "polyglot", *words, timeout_s=240)
    assert prepared.returncode == 0, prepared.stderr
    assert prepared.stderr.count("sandbox: ") == 1, prepared.stderr  # opened twice, told once
    found = place.dgm("bench", "verify", "polyglot", "--json", timeout_s=240)
    problems = {row["task"]: row["problems"] for row in json.loads(found.stdout)}
    assert found.returncode == 0, found.stderr
    assert problems["python-traffic-light"] == []
    assert "it is not prepared" in problems["go-traffic-light"][0]

    # Its grader has another version than that of the run's own benchmark.
    assert place.evolve("r").returncode == 0
    where = ("--benchmark", "polyglot", "--split", "search", "--json")
    measured = place.dgm("eval", "seed", "--run", "r", *where, timeout_s=240)
    assert measured.returncode == 0, measured.stderr
    searched = json.loads(place.dgm("bench", "list", "--json").stdout)
    tasks = next(row["search"] for row in searched if row["name"] == "polyglot")
    assert json.loads(measured.stdout)["attempted"] == tasks > 0
    again = place.dgm("regrade", "r", "--again", timeout_s=240)
    assert again.returncode == 0, again.stderr


def test_agent_is_measured_on_another_benchmark_than_its_runs(place, folder):
    assert place.evolve("r").returncode == 0
    measured = place.dgm(
        *("eval", "seed", "--run", "r", "--benchmark", "mine", "--split", "search"),
        *("--attempts", "2", "--json"),
        timeout_s=240,
    )
    assert measured.returncode == 0, measured.stderr
    assert json.loads(measured.stdout)["attempted"] == 2 * 2  # `good` and `more`, twice each
    assert "left out: wrong: its solution does not pass" in measured.stderr  # found out just now


def test_run_keeps_the_tasks_that_it_began_with(place):
    assert place.evolve("r").returncode == 0
    write_task(place.path / "tasks", "t9-wants-1", 1)
    resumed = place.dgm("resume", "r", "--children", "2", timeout_s=120)
    assert resumed.returncode == 0, resumed.stderr
    with RunReader.open(place.path / "archive" / "r") as reader:
        assert [task.id for task in reader.tasks()] == ["t0-wants-1", "t2-wants-3", "t1-wants-2"]
        assert len(reader.agents()) == 3

    answer = place.path / "tasks" / "t0-wants-1" / "solution" / "answer.py"
    answer.write_text("VALUE = 7\n")
    refused = place.dgm("resume", "r", "--children", "3", timeout_s=120)
    assert refused.returncode == 2
    assert "t0-wants-1 (left out: its solution does not pass" in refused.stderr
    assert "start a new run" in refused.stderr


def test_folder_whose_search_tasks_are_all_unsound_is_refused(place):
    for name in ("t0-wants-1", "t2-wants-3"):
        (place.path / "tasks" / name / "solution" / "answer.py").write_text("VALUE = 7\n")
    refused = place.evolve("r")
    assert refused.returncode == 2
    assert "no search task of tasks can be used" in refused.stderr
    assert not (place.path / "archive" / "r").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ("prepare", "mine", "--rows", "x.jsonl"),
            "takes no --rows; its options: --images, --only",
        ),
        (("prepare", "polyglot", "--languages", "go,"), "argument --languages: it is empty"),
        (("prepare", "quick", "--images"), "quick takes no --images; its options: none"),
        (("prepare", "nothing"), "unknown benchmark 'nothing'"),
        (("verify", "mine", "--repeat", "0"), "not a number of at least 1"),
    ],
)
def test_wrong_words_are_one_line(place, folder, words, complaint):
    refused = place.dgm("bench", *words)
    assert refused.returncode == 2
    assert complaint in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_tasks_in_images_are_refused_at_once_where_none_can_be_started(
    place, folder, bubblewrapped, tmp_path
):
    benchmark = DirectoryBenchmark("mine", folder, Workspaces(tmp_path / "w"))
    benchmark.environment = lambda _: Environment(image="some:image")
    with pytest.raises(SandboxUnavailableError, match=r"as good, run in images.*--sandbox docker"):
        _check_images(benchmark, bubblewrapped)
