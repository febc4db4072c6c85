"""The reading commands: text for people, `--json` for programs, and both say the same."""

import json
import re
import shutil

import pytest

from dgm.cli.output import clean, one_line
from tests.cli.conftest import complaint

ISSUE_KEYS = {
    *("id", "parent", "state", "title", "solved", "attempted", "sealed_solved"),
    *("sealed_attempted", "cost_usd", "tokens"),
}


def both(place, *words):
    """The command's text, and its JSON decoded."""
    text, coded = place.dgm(*words), place.dgm(*words, "--json")
    assert text.returncode == coded.returncode == 0, text.stderr + coded.stderr
    return text.stdout, json.loads(coded.stdout)


def test_tree_agrees_with_its_json(finished):
    text, tree = both(finished, "tree")
    assert tree["run"] == "tiny"
    assert [agent["id"] for agent in tree["agents"]] == ["a0000", "a0001"]
    for agent in tree["agents"]:
        assert agent.keys() >= ISSUE_KEYS
        (line,) = [line for line in text.splitlines() if f" {agent['id']} " in line]
        assert f"{agent['solved']}/{agent['attempted']}" in line
        assert agent["title"] in line
    assert tree["agents"][0]["parent"] is None
    assert tree["agents"][1]["parent"] == "a0000"
    assert re.search(rf"^\* .*{tree['best']}", text, re.MULTILINE)
    assert f"{tree['tokens']:,} tokens" in text


def test_show_agrees_with_its_json(finished):
    text, shown = both(finished, "show", "a0001")
    assert shown["lineage"] == ["a0000", "a0001"]
    assert "lineage   a0000 > a0001" in text
    assert shown["agent"]["tree_hash"] in text
    assert shown["agent"]["diagnosis"]["proposal"] in text
    for rollout in [*shown["admission"], *shown["evaluations"]["search"]]:
        assert re.search(rf"{rollout['id']}  {rollout['task_id']} +{rollout['outcome']}", text)


def test_diff_agrees_with_its_json_and_goes_from_parent_to_child(finished):
    text, diff = both(finished, "diff", "a0001")
    assert diff["diff"] == text
    assert (diff["from"], diff["to"]) == ("a0000", "a0001")
    assert diff["files"] == ["notes.txt", "skill.txt"]
    assert "-1\n+2\n" in text


def test_log_agrees_with_its_json(finished):
    text, log = both(finished, "log", "seed", "t0-wants-1")
    assert log["rollout"]["outcome"] == "solved"
    assert f"{log['rollout']['id']}  a0000 on t0-wants-1: solved" in text
    assert text.count("=== turn") == len(log["turns"]) > 0
    assert log["turns"][0]["text"].splitlines()[0] in text


@pytest.mark.slow
def test_replay_agrees_with_its_json(finished):
    text, replayed = both(finished, "replay", "a0001")
    assert len(replayed) >= 4
    assert all(one["same"] for one in replayed)
    assert f"{len(replayed)} of {len(replayed)} came out the same, 0.00 USD" in text


@pytest.mark.slow
def test_eval_holds_to_the_budget_of_the_run_and_takes_another(finished, tmp_path):
    shutil.copytree(finished.path, tmp_path / "copy")
    place = type(finished)(tmp_path / "copy")
    words = ("eval", "seed", "--split", "sealed", "--attempts", "2")
    assert "give it more: --tokens N, --usd N" in complaint(place.dgm(*words, "--tokens", "9"))
    done = place.dgm(*words, "--tokens", "none")
    assert done.returncode == 0, done.stderr
    assert "/2" in done.stdout


@pytest.mark.slow
def test_eval_agrees_with_its_json_and_does_nothing_twice(finished):
    first, measured = both(finished, "eval", "seed", "--split", "sealed")
    again = finished.dgm("eval", "seed", "--split", "sealed").stdout
    assert again == first.splitlines(keepends=True)[-1]
    assert f"{measured['solved']}/{measured['attempted']}" in again


def test_fsck_and_bench_list_agree_with_their_json(finished):
    text, findings = both(finished, "fsck")
    assert (text, findings) == ("nothing is wrong\n", [])
    text, (quick, *_) = both(finished, "bench", "list")
    assert text.startswith(f"quick  {quick['search']} search tasks, {quick['sealed']} sealed")
    assert min(quick["search"], quick["sealed"]) >= 24


@pytest.mark.slow
def test_doctor_agrees_with_its_json(finished):
    text, coded = finished.dgm("doctor"), finished.dgm("doctor", "--json")
    found = json.loads(coded.stdout)
    docker, bubblewrap, process = found["sandboxes"]
    assert found["chosen"] == "bubblewrap"
    assert text.returncode == coded.returncode
    assert coded.returncode == (not all(probe["holds"] for probe in bubblewrap["probes"]))
    assert (docker["works"], docker["probes"]) == (False, [])
    assert f"docker: cannot work here: {docker['trouble']}" in text.stdout
    assert "bubblewrap (strong): " in text.stdout
    assert "process (weak): " in text.stdout
    strong, weak = text.stdout.split("process (weak): ")
    for probe in bubblewrap["probes"]:
        state = "in force" if probe["holds"] else "BROKEN  "
        assert f"  {state}  {probe['name']}" in strong
    for probe in process["probes"]:  # what nothing bounds can fail by chance, and not again
        assert f"  {probe['name']}" in weak
        assert bool(probe["remedy"]) != probe["holds"]


@pytest.mark.slow
def test_doctor_fails_where_the_sandbox_asked_for_cannot_work(finished):
    done = finished.dgm("doctor", "--sandbox", "docker")
    assert done.returncode == 1
    assert done.stdout.startswith("docker: cannot work here: no Docker engine")


def test_clean_agrees_with_its_json(finished):
    text, found = both(finished, "clean")
    assert [each["sandbox"] for each in found] == ["docker", "bubblewrap", "process"]
    for each, line in zip(found, text.splitlines(), strict=True):
        assert line.startswith(each["sandbox"])
        assert (each["trouble"] or "removed") in line


def test_help_imports_nothing_heavy(finished):
    assert finished.dgm("--help").returncode == 0
    probe = "import sys, dgm.cli; dgm.cli._parser(['evolve']); print(*sys.modules)"
    loaded = finished.python("-c", probe).stdout.split()
    assert not {"pydantic", "rich", "networkx", "git", "aiohttp", "sqlite3"} & set(loaded)
    assert "dgm.cli.evolve" in loaded


@pytest.mark.parametrize(
    "command",
    [
        *("evolve", "resume", "tree", "show", "diff", "log", "replay", "regrade", "run", "eval"),
        *("export", "bench", "clean", "doctor", "fsck"),
    ],
)
def test_every_command_explains_itself(finished, command):
    done = finished.dgm(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: dgm {command}")
    assert f"    {command} " in finished.dgm("--help").stdout
    option = r"^  (-[^\s,]+(?:, --\S+)?(?: [A-Z{]\S*)?)( {2,}\S|\n {10,}\S)?"
    options = re.findall(option, done.stdout, re.MULTILINE)
    assert options
    assert all(explanation for _, explanation in options)


def test_version_is_that_of_the_package(finished):
    from dgm import __version__

    assert finished.dgm("--version").stdout == f"dgm {__version__}\n"


def test_terminal_that_knows_no_such_letters_still_gets_the_tree(finished):
    place = type(finished)(finished.path, {"PYTHONIOENCODING": "ascii"})
    done = place.dgm("tree")
    assert done.returncode == 0
    assert "a0001" in done.stdout


def test_text_of_models_moves_no_cursor_and_stays_on_its_line():
    assert clean("a\x1b[2J\x07\x9b\u202eb\ud800\r") == "a[2Jb"
    assert clean("tab\tand\nline") == "tab\tand\nline"
    assert one_line("two\nlines\tand   more") == "two lines and more"
    assert one_line("x" * 500, 10) == "x" * 9 + "…"
