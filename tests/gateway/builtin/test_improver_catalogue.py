"""The catalogue, applied to the seed agent: every entry alone, and many after each other."""

from __future__ import annotations

import ast
import json
import os
import random
import subprocess
import sys

import pytest

from dgm.gateway.builtin.catalogue import CATALOGUE
from dgm.gateway.builtin.mutations import MUTATIONS
from dgm.gateway.builtin.tools import ToolBox
from dgm.gateway.wire import ToolSpec
from dgm.resources import data_folder

SEED = data_folder("agents/seed")
FILES = {
    str(path.relative_to(SEED)): path.read_text()
    for path in sorted(SEED.rglob("*"))
    if path.is_file() and "__pycache__" not in path.parts
}
BREAKS_ITS_TESTS = ("Remove ", "Run one tool call", "Leave the exit code")


def applied(files, change):
    after = {**files, **change.edits}
    return {path: text for path, text in after.items() if text is not None}


def written(files, folder):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def changes(files):
    return [change for entry in CATALOGUE for change in entry(files)]


def titled(start, files=None):
    files = files or FILES
    return applied(files, next(c for c in changes(files) if c.title.startswith(start)))


def python(code, folder, *arguments):
    """Run code as an agent's is run: without byte code, which is old after two edits a second."""
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stdout


def use_tool(agent, workspace, name, **arguments):
    code = (
        "import json, sys, tools, context\n"
        "settings = json.load(open('settings.json'))\n"
        "place = context.Context(sys.argv[1], settings)\n"
        "print(tools.call(tools.discover(), sys.argv[2], json.loads(sys.argv[3]), place)[0])"
    )
    return python(code, agent, workspace, name, json.dumps(arguments)).rstrip("\n")


def offered(agent):
    code = "import json, tools; print(json.dumps([t.SPEC for t in tools.discover().values()]))"
    specs = json.loads(python(code, agent))
    return ToolBox.of([ToolSpec(s["name"], s["description"], s["input_schema"]) for s in specs])


@pytest.mark.parametrize("entry", CATALOGUE)
def test_every_entry_applies_to_the_seed_and_leaves_python_and_json(entry):
    found = list(entry(FILES))
    assert found
    for change in found:
        assert change.words
        for path, text in change.edits.items():
            assert text != FILES.get(path)
            if text is not None and path.endswith(".py"):
                ast.parse(text, feature_version=(3, 8))
            if text is not None and path.endswith(".json"):
                json.loads(text)


def test_an_entry_that_is_applied_is_not_offered_again():
    for entry in CATALOGUE[4:]:
        change = next(entry(FILES))
        again = [other.title for other in entry(applied(FILES, change))]
        assert change.title not in again


@pytest.mark.parametrize("seed", range(4))
def test_five_changes_after_each_other_leave_a_working_agent(seed, tmp_path):
    rng, files, titles = random.Random(seed), FILES, []
    while len(titles) < 5:
        usable = [c for c in changes(files) if not c.title.startswith(BREAKS_ITS_TESTS)]
        change = rng.choice([c for c in usable if "json" not in str(c.edits.keys())])
        files, titles = applied(files, change), [*titles, change.title]
    agent = written(files, tmp_path)
    command = [sys.executable, "-B", "-m", "unittest", "discover", "-q", "-s", "tests"]
    done = subprocess.run(command, cwd=agent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (titles, done.stderr)


def test_a_number_is_scaled_in_json_and_in_constants():
    titles = [
        change.title for entry in CATALOGUE[:1] for change in entry({"a.py": "LIMIT = 1_0\n"})
    ]
    assert titles == ["Double limit, from 1_0 to 20"]


def test_a_foreign_repository_gets_numbers_prompts_and_mutations():
    files = {"bot.py": "WAIT = 4\n\n\ndef run(x):\n    return x + 1\n", "prompt.txt": "Be good.\n"}
    titles = " ".join(change.title for change in changes(files))
    assert "Double wait" in titles
    assert "Tell the model" in titles
    assert "Let the file tool" not in titles
    assert all(list(entry(files)) for entry in MUTATIONS[:2])


@pytest.mark.parametrize("entry", MUTATIONS)
def test_a_mutation_changes_one_file_outside_the_tests(entry):
    found = list(entry(FILES))
    assert found
    for change in found:
        ((path, text),) = change.edits.items()
        assert not path.startswith("tests/")
        assert text != FILES[path]


def test_the_replace_action_and_the_line_range_work_together(tmp_path):
    files = titled("Let the file tool view", titled("Let the file tool replace"))
    assert len(files["tools/files.py"].splitlines()) <= 60
    agent = written(files, tmp_path / "agent")
    work = written({"a.txt": "one\ntwo\nthree\n"}, tmp_path / "work")
    box = offered(agent)
    assert box.can_view_lines
    assert box.replacer
    use_tool(agent, work, "files", action="replace", path="a.txt", old="two", new="2")
    assert (work / "a.txt").read_text() == "one\n2\nthree\n"
    shown = use_tool(agent, work, "files", action="view", path="a.txt", start_line=2, end_line=3)
    assert shown == "     2\t2\n     3\tthree"
    refused = use_tool(agent, work, "files", action="replace", path="a.txt", old="e", new="")
    assert "3 times, not once" in refused


def test_long_output_keeps_its_end(tmp_path):
    agent = written(titled("Show the head and the tail"), tmp_path)
    shown = use_tool(agent, tmp_path, "bash", command="echo begin; seq 9999; echo the end")
    assert shown.startswith("begin\n")
    assert shown.endswith("the end\n[exit code 0]")
    assert "[clipped: 1200 of " in shown


PROGRAM = "def largest(items):\n    best = 0\n    for x in items:\n        if x < best:\n            best = x\n    return best\n\n\ndef first(items):\n    return items[0]\n"  # noqa: E501
TESTS = """\
import unittest
from program import first, largest


class ProgramTest(unittest.TestCase):
    def test_first(self):
        self.assertEqual(first([3, 1]), 3)

    def test_largest(self):
        self.assertEqual(largest([1, 3, 2]), 3)

    def test_nothing(self):
        self.assertEqual(largest([]), 0)
"""
COMMAND = f"{sys.executable} -m unittest -q test_program"


@pytest.fixture
def broken(tmp_path):
    return written({"program.py": PROGRAM, "test_program.py": TESTS}, tmp_path / "work")


def test_the_batch_tool_tries_every_edit_and_keeps_the_one_that_passes(tmp_path, broken):
    agent = written(titled("Add a tool that tries"), tmp_path / "agent")
    assert offered(agent).batch_limit == 10
    edits = [
        {"path": "program.py", "old": "best = 0", "new": "best = 1"},
        {"path": "program.py", "old": "best", "new": "worst"},
        {"path": "program.py", "old": "x < best", "new": "x > best"},
        {"path": "program.py", "old": "items[0]", "new": "items[1]"},
    ]
    text = use_tool(agent, broken, "try_edits", candidates=edits, command=COMMAND)
    lines = text.splitlines()
    assert lines[0].startswith("candidate 1: exit 1; FAILED")
    assert lines[1].startswith("candidate 2: exit 1; old occurs 4 times")
    assert lines[2:] == ["candidate 3: exit 0; OK", "applied candidate 3"]
    assert (broken / "program.py").read_text() == PROGRAM.replace("x < best", "x > best")


def test_the_batch_tool_leaves_the_original_when_nothing_passes(tmp_path, broken):
    agent = written(titled("Add a tool that tries"), tmp_path / "agent")
    edits = [{"path": "program.py", "old": "best = 0", "new": "best = 1"}]
    text = use_tool(agent, broken, "try_edits", candidates=edits, command=COMMAND)
    assert text.endswith("applied none")
    assert (broken / "program.py").read_text() == PROGRAM


@pytest.mark.parametrize("runner", ["unittest -q", "pytest -q"])
def test_the_locator_ranks_the_faulty_lines_above_the_healthy_ones(tmp_path, broken, runner):
    agent = written(titled("Add a tool that locates"), tmp_path / "agent")
    assert offered(agent).locator
    command = f"{sys.executable} -m {runner} test_program.py"
    text = use_tool(agent, broken, "locate", command=command)
    lines = text.splitlines()
    assert lines[0] == "3 tests seen, 1 failed"
    assert lines[1] == "program.py:4 1.000"
    assert "program.py:10" not in text
    assert "test_program.py" not in text
