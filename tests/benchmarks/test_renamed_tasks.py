"""The built-in model repairs programs, it knows no tasks: under other names it does as well."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pytest

from dgm.archive.manifest import read_manifest
from dgm.benchmarks import quick
from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.config import Config
from dgm.estimates import Comparison, Verdict, compare
from dgm.gateway.builtin import BuiltinProvider
from dgm.gateway.builtin.catalogue import CATALOGUE
from dgm.records import AgentCode, Outcome, Split
from dgm.resources import data_folder
from dgm.steps.evaluate import Evaluate
from dgm.workspaces import Workspaces
from tests.benchmarks.identifiers import Renamer, parsed
from tests.benchmarks.renaming import rename_task
from tests.machine import Machine, code_of, write_agent, write_files

FOLDER = Path(quick.__file__).parent / "tasks"
TASKS = sorted(path.parent for path in FOLDER.glob("*/task.toml"))
SEED = data_folder("agents/seed")
LISTED = tomllib.loads(Path(quick.__file__).with_name("splits.toml").read_text())
SAMPLE = {split: LISTED[split][:10] for split in Split}
CHANGES = (
    "Add a tool that tries several edits with one command",
    "Tell the model: Run the tests first",
)


def hidden_tests(task: Path, workspace: Path) -> str:
    """Run a task's hidden tests on a workspace; return their last line, the counts."""
    command = [sys.executable, "-B", str(task / "tests" / "check.py")]
    done = subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=False)
    return done.stdout.strip().rpartition("\n")[2]


def counts(task: Path, place: Path) -> tuple[str, str]:
    """Count passed and failed hidden tests on the untouched workspace and on the solved one."""
    workspace = shutil.copytree(task / "environment" / "repo", place)
    untouched = hidden_tests(task, workspace)
    script = (task / "solution" / "solve.sh").read_text()
    script = script.replace("/solution", f"{task}/solution").replace("/workspace", str(workspace))
    subprocess.run(["bash", "-c", script], check=True)
    return untouched, hidden_tests(task, workspace)


PROGRAM = '''\
"""What a shop asks for; `a` is the best."""

import re
from collections import namedtuple
from dataclasses import dataclass

Line = namedtuple("Line", "price count")


@dataclass
class Item:
    """An Item."""

    price: int

    def items(self, sep="price"):
        return self.price.real  # a price


def total(items, *, key=None, a=0):
    best = max(items, key=key, default=a)
    print(f"{best.price:>{a}} {best!r} price", sep="")
    return total(items[1:], key=lambda price: price, a=Line(price=1, count=2)._replace(price=a))
'''
RENAMED = '''\
"""What a shop asks for; `ze` is the nibe."""

import re
from collections import namedtuple
from dataclasses import dataclass

Mara = namedtuple("Mara", "lodo count")


@dataclass
class Kupo:
    """An Kupo."""

    lodo: int

    def items(self, vi="price"):
        return self.lodo.real  # a lodo


def tafi(gu, *, bo=None, ze=0):
    nibe = max(gu, key=bo, default=ze)
    print(f"{nibe.lodo:>{ze}} {nibe!r} price", sep="")
    return tafi(gu[1:], bo=lambda lodo: lodo, ze=Mara(lodo=1, count=2)._replace(lodo=ze))
'''
OLD = ["Line", "Item", "total", "items", "key", "sep", "price", "a", "best"]
NEW = ["Mara", "Kupo", "tafi", "gu", "bo", "vi", "lodo", "ze", "nibe"]
WORDS = dict(zip(OLD, NEW, strict=True))


def test_every_place_of_a_name_is_renamed_and_nothing_else():
    program = parsed([PROGRAM])
    assert program.names == set(WORDS)
    renamed = Renamer(program, WORDS).source(PROGRAM)
    assert renamed.replace("'", '"') == RENAMED


def test_names_depend_on_the_seed_alone(tmp_path):
    first, again, other = (
        rename_task(TASKS[0], tmp_path / name, seed)
        for name, seed in (("a", "1"), ("b", "1"), ("c", "2"))
    )
    modules = [
        {path.name: path.read_text() for path in task.rglob("*.py")}
        for task in (first, again, other, TASKS[0])
    ]
    assert modules[0] == modules[1]
    assert modules[0].keys() & modules[2].keys() == {"check.py"}
    assert modules[0].keys() & modules[3].keys() == {"check.py"}


@pytest.mark.slow
def test_renamed_tasks_have_the_same_bugs_and_solutions(tmp_path):
    def difference(task: Path) -> str:
        place = tmp_path / task.name
        renamed = rename_task(task, place / "renamed", "1")
        wanted, found = counts(task, place / "w1"), counts(renamed, place / "w2")
        assert ", 0 failed" not in wanted[0]
        assert ", 0 failed" in wanted[1]
        return "" if wanted == found else f"{task.name}: {wanted} became {found}"

    with ThreadPoolExecutor(2) as pool:
        differences = list(filter(None, pool.map(difference, TASKS)))
    assert len(TASKS) - len(differences) >= 50, "\n".join(differences)


@pytest.fixture
def agent(tmp_path) -> AgentCode:
    """The seed with two changes that let the model repair a good part of the tasks."""
    files = {
        str(path.relative_to(SEED)): path.read_text()
        for path in sorted(SEED.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    for title in CHANGES:
        found = (change for entry in CATALOGUE for change in entry(files))
        edits = next(change.edits for change in found if change.title.startswith(title))
        files = {p: text for p, text in {**files, **edits}.items() if text is not None}
    folder = write_files(tmp_path / "agent", files)
    return AgentCode("seed-and-two-changes", folder, read_manifest(folder))


@dataclass(frozen=True)
class Measuring:
    """Measures agents on the sampled tasks under their own names and under others."""

    place: Path
    machine: Machine

    def compare(self, agent: AgentCode) -> tuple[Comparison, int, int]:
        """Compare other names with own ones; return how many were solved under each, too."""
        for task in chain.from_iterable(SAMPLE.values()):
            shutil.copytree(FOLDER / task, self.place / "original" / task)
            rename_task(FOLDER / task, self.place / "renamed" / task, "1")
        original, renamed = self._solved("original", agent), self._solved("renamed", agent)
        comparison = compare(renamed, original)
        return comparison, sum(original.values()), sum(renamed.values())

    def _solved(self, name: str, agent: AgentCode) -> dict[str, bool]:
        workspaces = Workspaces(self.place / f"{name}-workspaces")
        benchmark = DirectoryBenchmark(name, self.place / name, workspaces, SAMPLE)
        with (
            self.machine.laboratory(Config(), benchmark=benchmark) as lab,
            ThreadPoolExecutor(2) as pool,
        ):
            units = [
                Evaluate(f"{name}-{number}", "a1", agent, task, 0, benchmark.grader_version)
                for number, task in enumerate(benchmark.tasks())
            ]
            rollouts = list(pool.map(lambda unit: unit.perform(lab), units))
        assert all(rollout.outcome.is_evidence for rollout in rollouts)
        return {rollout.task_id: rollout.outcome is Outcome.SOLVED for rollout in rollouts}


@pytest.fixture
def measuring(tmp_path, bubblewrapped) -> Measuring:
    """The real machine with the built-in model."""
    return Measuring(tmp_path, Machine(tmp_path, bubblewrapped, BuiltinProvider()))


@pytest.mark.slow
def test_renaming_leaves_the_score_within_noise(measuring, agent):
    comparison, original, renamed = measuring.compare(agent)
    assert comparison.verdict is Verdict.NOT_DISTINGUISHABLE, comparison
    assert min(original, renamed) >= 5
    assert abs(original - renamed) <= 4


@pytest.mark.slow
def test_an_agent_that_knows_the_solutions_by_name_is_found_out(measuring, tmp_path):
    known = {
        path.name: path.read_text()
        for task in chain.from_iterable(SAMPLE.values())
        for path in (FOLDER / task / "solution").glob("*.py")
    }
    script = """
    for name, text in json.load(open("known.json")).items():
        if (workspace / name).exists():
            (workspace / name).write_text(text)
    """
    files = {"known.json": json.dumps(known)}
    agent = code_of(write_agent(tmp_path / "cheat", script, files=files))
    comparison, original, renamed = measuring.compare(agent)
    assert comparison.verdict is Verdict.WORSE, comparison
    assert (original, renamed) == (20, 0)
