"""The seed agent as a repository and as a process."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib

import pytest

from dgm.gateway.builtin.conversation import read
from dgm.gateway.wire import Text, ToolUse
from dgm.resources import data_folder

SEED = data_folder("agents/seed")
FILES = [p for p in sorted(SEED.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]
PYTHON = [path for path in FILES if path.suffix == ".py"]
STANDARD = {*sys.stdlib_module_names, "context", "loop", "main", "model", "shell", "tools"}


def test_its_own_tests_pass_as_its_manifest_says(laboratory):
    manifest = tomllib.loads((SEED / "agent.toml").read_text())["agent"]
    assert manifest["tests"] == ["python3", "-m", "unittest", "discover", "-q", "-s", "tests"]
    assert laboratory.own_tests_pass(SEED)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_fits_its_own_viewer(path):
    assert len(path.read_text().splitlines()) <= 60


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.name)
def test_it_is_python_3_8_with_the_standard_library_alone(path):
    tree = ast.parse(path.read_text(), feature_version=(3, 8))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    modules = {alias.name.split(".")[0] for node in imports for alias in node.names}
    modules |= {
        (node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    assert modules <= STANDARD


def test_it_is_small():
    assert sum(len(path.read_text().splitlines()) for path in FILES) <= 1000


def test_it_starts_fast_because_it_imports_little():
    code = "import sys; sys.path.insert(0, '.'); import main; print(*sys.modules)"
    command = [sys.executable, "-B", "-I", "-S", "-c", code]
    done = subprocess.run(command, cwd=SEED, capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert "loop" in modules
    assert not {"asyncio", "urllib.request", "unittest", "logging", "sqlite3"} & set(modules)
    assert len(modules) < 160


def test_the_model_sees_the_prompts_the_tools_and_the_problem(laboratory):
    work = laboratory.run(lambda *_: (Text("done"),), problem="Mend {it}.")
    request = work.requests[0]
    assert "Mend {it}." in read(request).statement
    assert str(laboratory.workspace) in read(request).statement
    assert {tool.name for tool in request.tools} == {"bash", "files"}
    assert work.stdout.endswith("[turns: 1 of 14] [stopped: finished]\n")
    assert work.exit_code == 0


def test_all_calls_of_a_reply_are_run_in_order_and_errors_are_shown_to_the_model(laboratory):
    def answer(request, context):
        if context.index:
            return (Text("done"),)
        return (
            ToolUse("", "bash", {"command": "echo 1 > a"}),
            ToolUse("", "bash", {"command": "cat a; echo 2 > a"}),
            ToolUse("", "hammer", {}),
            ToolUse("", "files", {"action": "view", "path": "missing"}),
        )

    work = laboratory.run(answer)
    results = work.requests[1].messages[-1].content
    assert results[1].text == "1\n[exit code 0]"
    assert [result.is_error for result in results] == [False, False, True, True]
    assert (laboratory.workspace / "a").read_text() == "2\n"


def test_it_stops_at_its_turn_limit_and_says_so(laboratory):
    def answer(request, context):
        return (ToolUse("", "bash", {"command": "true"}),)

    work = laboratory.run(answer)
    assert len(work.requests) == 14
    assert work.stdout.endswith("[turns: 14 of 14] [stopped: turn_limit]\n")


def test_it_carries_out_an_edit(laboratory):
    assert laboratory.can_edit_a_file(SEED)
