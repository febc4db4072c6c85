"""The embedded tasks, one by one, without running them."""

import ast
import tomllib
from pathlib import Path

import pytest

from dgm.benchmarks import quick
from dgm.benchmarks.harbor import read_task
from dgm.benchmarks.hidden import shown_answers
from dgm.benchmarks.leaks import Suspect, find_leaks
from dgm.config import Config
from dgm.records import Split
from dgm.workspaces import Workspaces

FOLDER = Path(quick.__file__).parent
TASKS = sorted(path.parent for path in (FOLDER / "tasks").glob("*/task.toml"))
CHECK = (FOLDER / "check.py").read_bytes()


@pytest.fixture(params=TASKS, ids=lambda path: path.name)
def task(request):
    return request.param


def sources(folder):
    return [path for path in folder.glob("*.py") if path.name != "check.py"]


def test_splits_list_every_task_once_and_halve_them():
    splits = tomllib.loads((FOLDER / "splits.toml").read_text())
    listed = splits["search"] + splits["sealed"]
    assert len(listed) == len(set(listed)) >= 48
    assert set(listed) == {path.name for path in TASKS}
    assert abs(len(splits["search"]) - len(splits["sealed"])) <= 1


def test_default_stages_meet_most_search_tasks_and_never_more_than_there_are(tmp_path):
    tasks = quick.quick(Workspaces(tmp_path)).tasks(Split.SEARCH)
    first, *_, last = Config().benchmark.stages
    assert len(tasks) / 4 < first < len(tasks) / 2 < last <= len(tasks)


def test_every_copy_of_the_checker_is_the_same(task):
    for place in ("environment/repo", "tests"):
        assert (task / place / "check.py").read_bytes() == CHECK


def test_it_reads_as_a_task(task):
    harbor = read_task(task, "quick", Split.SEARCH)
    assert harbor.task.statement
    assert harbor.task.difficulty in {"easy", "medium", "hard"}
    assert harbor.workspace == task / "environment" / "repo"
    assert 0 < harbor.task.grading_timeout_s <= harbor.task.timeout_s


def test_solution_changes_files_the_workspace_has(task):
    repo = task / "environment" / "repo"
    solved = sources(task / "solution")
    assert solved
    for path in solved:
        assert (repo / path.name).read_bytes() != path.read_bytes()


def test_hidden_tests_ask_for_more_than_the_visible_ones(task):
    visible, hidden = (
        {
            node.name
            for path in (task / place).glob("test_*.py")
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.FunctionDef)
        }
        for place in ("environment/repo", "tests")
    )
    assert visible
    assert hidden - visible


def test_no_line_of_the_solution_stands_in_the_statement(task):
    statement = (task / "instruction.md").read_text()
    repo = task / "environment" / "repo"
    for path in sources(task / "solution"):
        before = set((repo / path.name).read_text().splitlines())
        added = [line.strip() for line in path.read_text().splitlines() if line not in before]
        assert not [line for line in added if len(line) > 12 and line in statement]


@pytest.mark.slow
def test_nothing_hidden_can_be_read_in_a_sandbox(bubblewrapped, tmp_path):
    workspaces = Workspaces(tmp_path / "cache")
    benchmark = quick.quick(workspaces)
    suspects = [
        Suspect(task, benchmark.solution(task, bubblewrapped, f"solution-{task.id}"))
        for task in benchmark.tasks()
    ]
    assert find_leaks(benchmark, suspects, bubblewrapped, workspaces) == {}


def test_no_workspace_shows_its_answer(task):
    repo, solved = task / "environment" / "repo", sources(task / "solution")
    parts = (*(task / "tests").iterdir(), *(task / "solution").iterdir())
    hidden = [path for path in parts if path.is_file()]
    before = {line for path in solved for line in (repo / path.name).read_text().splitlines()}
    added = [
        f"+{line}"
        for path in solved
        for line in path.read_text().splitlines()
        if line not in before
    ]
    assert list(shown_answers(repo, hidden, "\n".join(added).encode())) == []
