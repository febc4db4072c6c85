"""Row 16: a repository given to an agent has one commit, and nothing of any other agent."""

from __future__ import annotations

import json

import pytest

from dgm.records import Diagnosis, Split
from dgm.steps.modify import Modify
from tests.machine import code_of, write_agent, write_files
from tests.security.poison import git

DIAGNOSIS = Diagnosis("t1", "seen", (), "Improve.", "somehow", "It is weak.")
SPY = """
import subprocess
def git(*words):
    done = subprocess.run(["git", "-c", "safe.directory=*", *words], cwd=workspace,
        capture_output=True, text=True)
    return done.stdout
objects = git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
reachable = git("rev-list", "--all", "--objects", "--no-object-names").split()
hidden = [str(path) for path in workspace.joinpath(".git").rglob("*") if path.is_file()]
contents = [git("cat-file", "-p", name) for name in objects]
(workspace / "seen.json").write_text(json.dumps({
    "commits": git("rev-list", "--all", "--count").strip(), "objects": sorted(objects),
    "reachable": sorted(set(reachable)), "reflog": git("reflog", "--all"), "log": git("log"),
    "unreachable": git("fsck", "--unreachable", "--no-reflogs"), "refs": git("for-each-ref"),
    "remotes": git("remote", "-v"), "stash": git("stash", "list"), "contents": contents,
    "hidden": [name.split("/.git/")[1] for name in hidden], "agents": os.listdir(task["agent"]),
}))
"""


@pytest.fixture
def seen(machine, tmp_path):
    """What an agent sees of its own repository, while another agent's lies beside it."""
    spy = code_of(write_agent(tmp_path / "agents" / "spy", SPY, files={"own.txt": "own words\n"}))
    write_files(tmp_path / "agents" / "sibling", {"main.py": "the sibling's words\n"})
    with machine.laboratory() as lab:
        lab.runner.workspaces.of(tmp_path / "agents" / "sibling")
        Modify("r000001", "a0001", 1, spy, spy, DIAGNOSIS).perform(lab)
        patch = (lab.rollout_folder("r000001") / "patch.diff").read_text()
    (line,) = [line for line in patch.splitlines() if line.startswith('+{"commits"')]
    return json.loads(line[1:])


def test_own_repository_is_one_commit_and_nothing_else(seen):
    assert seen["commits"] == "1"
    assert seen["objects"] == seen["reachable"]
    assert len(seen["objects"]) == 5, "a commit, a tree, three files"
    for name in ("reflog", "unreachable", "remotes", "stash"):
        assert seen[name] == "", name
    assert seen["refs"].count("\n") == 1
    left_over = {"ORIG_HEAD", "FETCH_HEAD", "MERGE_HEAD", "packed-refs", "COMMIT_EDITMSG"}
    assert not left_over & set(seen["hidden"])
    assert not [name for name in seen["hidden"] if name.startswith(("logs/", "objects/pack/"))]
    assert not [name for name in seen["hidden"] if "alternates" in name or "hooks" in name]


def test_nothing_of_another_agent_or_of_the_archive_is_there(seen):
    everything = json.dumps(seen)
    assert "own words" in everything, "the control: contents are seen"
    assert "sibling" not in everything
    assert "agents/a0" not in everything
    assert ".git" not in seen["agents"]
    assert "dgm <dgm@localhost>" in seen["log"], "no name of a user's"


def test_task_workspace_of_a_repository_with_history_has_none(machine, tmp_path):
    source = machine.place / "benchmark" / "t0-wants-1" / "environment" / "repo"
    spy = code_of(write_agent(tmp_path / "spy", SPY))
    from dgm.steps.evaluate import Evaluate

    git(source, "init", "-q")
    (source / "answer.py").write_text("VALUE = 1  # the solution\n")
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", "solved")
    (source / "answer.py").write_text("VALUE = 0\n")
    assert "the solution" in git(source, "log", "-p"), "the control: history holds it"
    with machine.laboratory() as lab:
        task = lab.benchmark.tasks(Split.SEARCH)[0]
        Evaluate("r000001", "a0000", spy, task, 0, "1").perform(lab)
        patch = (lab.rollout_folder("r000001") / "patch.diff").read_text()
    assert '"commits": "1"' in patch
    assert "the solution" not in patch
