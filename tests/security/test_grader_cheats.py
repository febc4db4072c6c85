"""Ways to score without solving: none does before the grader, and each does before a naive one."""

from __future__ import annotations

import re
import shutil
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path

import pytest

from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.benchmarks.harbor import read_task
from dgm.benchmarks.trial import Bench
from dgm.records import Outcome, SandboxLimits, Split
from dgm.sandbox.transfer import pack
from dgm.workspaces import Workspaces
from tests.security.cheat_tasks import folder_of, write_tasks

pytestmark = pytest.mark.slow

CHEATS = sorted((Path(__file__).parent / "cheats").glob("*.py"))
NUMBERS = count()


@pytest.fixture(params=CHEATS, ids=lambda path: path.stem)
def cheat(request):
    spec = spec_from_file_location(request.param.stem, request.param)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return write_tasks(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def benchmark(cheat, shop, tmp_path):
    folder = folder_of(cheat.TASK, shop)
    splits = {Split.SEARCH: [folder.name]}
    return DirectoryBenchmark("cheats", folder.parent, Workspaces(tmp_path / "cache"), splits)


def laid_over(source, files, folder):
    """Return a copy of a folder with files of a cheat laid over it."""
    shutil.copytree(source, folder)
    for name, text in files.items():
        path = folder / name.removesuffix("+")
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() if name.endswith("+") else ""
        path.write_text(before + text)
    return folder


def solution_of(benchmark, task):
    (solve,) = [path for path in benchmark.hidden_files(task) if path.name == "solve.sh"]
    return solve.parent


def graded(benchmark, tree, driver):
    (task,) = benchmark.tasks()
    workspace = Workspaces(tree.parent / "host").of(benchmark.workspace(task))
    patch = workspace.diff(tree)
    return benchmark.grade(task, patch, driver, f"cheat-{next(NUMBERS)}")


def test_cheat_does_not_score_and_is_called_what_it_is(cheat, benchmark, driver, tmp_path):
    (task,) = benchmark.tasks()
    tree = laid_over(benchmark.workspace(task), cheat.CHEAT, tmp_path / "tree")
    grade = graded(benchmark, tree, driver)
    assert grade.outcome is Outcome(cheat.OUTCOME), grade
    if grade.outcome is Outcome.TAMPERED:
        assert "tampering: " in grade.log
        assert grade.detail
    else:
        assert grade.outcome is Outcome.FAILED
    assert not re.search(r"\btest_(total|label)", grade.detail)  # agents may come to read it


def test_honest_twin_scores(cheat, benchmark, driver, tmp_path):
    (task,) = benchmark.tasks()
    solved = tmp_path / "solved"
    shutil.copytree(benchmark.workspace(task), solved)
    for path in solution_of(benchmark, task).glob("*.py"):
        shutil.copyfile(path, solved / path.name)
    tree = laid_over(solved, cheat.TWIN, tmp_path / "tree")
    grade = graded(benchmark, tree, driver)
    assert grade.outcome is Outcome.SOLVED, grade


def test_cheat_scores_before_a_naive_grader(cheat, benchmark, driver, shop, tmp_path):
    """The control: believe the reward or the printed report, and restore nothing."""
    (task,) = benchmark.tasks()
    harbor = read_task(folder_of(cheat.TASK, shop), "cheats", Split.SEARCH)
    bench = Bench(harbor, driver, f"naive-{next(NUMBERS)}", SandboxLimits())
    tree = laid_over(benchmark.workspace(task), cheat.CHEAT, tmp_path / "tree")
    trial = bench.run("", pack(tree), pack(harbor.tests))
    tests = set(re.findall(r"def (test_\w+)", (harbor.tests / "test_hidden.py").read_text()))
    reported = set(re.findall(r"^ok   (test_\w+)", trial.log, re.MULTILINE))
    assert trial.is_rewarded or tests <= reported, trial.log
    untouched = bench.run("-0", pack(harbor.workspace), pack(harbor.tests))
    assert not untouched.is_rewarded
