"""No answer of the embedded benchmark can be found in what an agent gets: files, history, caches.

Whole hidden files are searched for in `tests/benchmarks/test_quick.py`; here, lines of solutions.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dgm.benchmarks import quick
from dgm.records import SandboxLimits
from dgm.sandbox.transfer import pack
from dgm.workspaces import Workspaces

pytestmark = pytest.mark.slow

TASKS = sorted(path.parent for path in Path(quick.__file__).parent.glob("tasks/*/task.toml"))
ROOM = SandboxLimits(memory_mb=1024, workspace_mb=256, inodes=100_000, output_kb=1024)
LONG = 30  # a line as long as this is no chance find in somebody else's file

# Names every trace of the wanted lines, and of a past, as [task, what, where].
SEARCH = """
import json, os, subprocess, sys
wanted = {task: set(lines) for task, lines in json.load(sys.stdin).items()}

def git(task, *words):
    ended = subprocess.run(["git", "-C", task, *words], stdout=subprocess.PIPE)
    assert ended.returncode == 0, words
    return ended.stdout.decode(errors="replace")

def say(*words):
    print(json.dumps(words))

def lines_of(folder):
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if os.path.join(place, name) not in SKIPPED]
        for name in files:
            path = os.path.join(place, name)
            if os.path.isfile(path) and not os.path.islink(path) and os.access(path, os.R_OK):
                with open(path, errors="replace") as file:
                    yield path, {line.strip() for line in file}

SKIPPED = {"/proc", "/sys", "/dev", "/usr", os.getcwd()}
for task, lines in wanted.items():
    if git(task, "rev-list", "--all", "--count").strip() != "1":
        say(task, "commits", git(task, "rev-list", "--all"))
    if unreachable := git(task, "fsck", "--unreachable", "--no-reflogs").strip():
        say(task, "unreachable", unreachable)
    if reflog := git(task, "reflog", "--all").strip():
        say(task, "reflog", reflog)
    for name in ("ORIG_HEAD", "FETCH_HEAD", "packed-refs"):
        if os.path.exists(os.path.join(task, ".git", name)):
            say(task, "left", name)
    objects = git(task, "cat-file", "--batch", "--batch-all-objects")
    for line in lines & {line.strip() for line in objects.splitlines()}:
        say(task, "object", line)
    for path, found in lines_of(task):
        for line in lines & found:
            say(task, "file", path + ": " + line)
long = {line for lines in wanted.values() for line in lines if len(line) >= int(sys.argv[1])}
for folder in ("/", "/usr/lib/python3", "/usr/local"):  # of programs, where packages lie
    for path, found in lines_of(folder):
        for line in long & found:
            say("", "elsewhere", path + ": " + line)
"""


def added_lines(task):
    """The lines a solution adds, but for those too short to tell."""
    texts = (path.read_text() for path in (task / "environment" / "repo").rglob("*.py"))
    before = {line.strip() for text in texts for line in text.splitlines()}
    after = (path.read_text() for path in (task / "solution").glob("*.py"))
    lines = {line.strip() for text in after for line in text.splitlines()}
    return sorted(line for line in lines - before if len(line) > 12)


@pytest.fixture
def given(driver, spec, tmp_path):
    """A sandbox with the repository of every task as agents get it, and the search in it."""
    workspaces = Workspaces(tmp_path / "cache")
    with driver.open(spec(limits=ROOM)) as sandbox:
        for task in TASKS:
            workspace = workspaces.of(task / "environment" / "repo")
            files = pack(workspace.source, git_folder=workspace.given_git_folder)
            sandbox.put(files, f"{sandbox.paths.workspace}/{task.name}")
        yield sandbox


def traces(sandbox, tasks):
    ended = sandbox.exec(
        ["python3", "-I", "-S", "-c", SEARCH, str(LONG)],
        cwd=sandbox.paths.workspace,
        env={},
        timeout_s=120,
        stdin=json.dumps({task.name: added_lines(task) for task in tasks}).encode(),
    )
    assert ended.exit_code == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_no_answer_is_in_workspace_history_or_sandbox(given):
    assert sum(len(added_lines(task)) for task in TASKS) > len(TASKS)
    assert traces(given, TASKS) == []


def test_answer_in_a_forgotten_commit_or_a_cache_is_found(given):
    """The control: the same search, where a solution was committed, taken back, and kept."""
    task = TASKS[0]
    given.put(pack(task / "solution"), f"{given.paths.tmp}/kept")
    script = f"""
        cd {task.name} && cp {given.paths.tmp}/kept/*.py . &&
        git -c user.name=a -c user.email=a -c core.logAllRefUpdates=true commit -qam solved &&
        git -c core.logAllRefUpdates=true reset -q --hard HEAD~1
    """
    ended = given.exec(["sh", "-c", script], cwd=given.paths.workspace, env={}, timeout_s=60)
    assert ended.exit_code == 0, ended.stderr
    found = {(name, what) for name, what, _ in traces(given, TASKS[:1])}
    assert found == {
        (task.name, "reflog"), (task.name, "unreachable"), (task.name, "left"),
        (task.name, "object"), ("", "elsewhere"),
    }  # fmt: skip
