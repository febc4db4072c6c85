"""Impossible tasks: chosen by the seed, like the others in all an agent sees, solved by nobody."""

import shutil
from dataclasses import replace

import pytest

from dgm.benchmarks.around import Around
from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.benchmarks.impossible import mix_in
from dgm.benchmarks.quick import quick
from dgm.errors import BenchmarkError, SandboxError
from dgm.records import Outcome, SandboxLimits, Split
from dgm.workspaces import Workspaces
from tests.fakes import FaultyDriver, FaultyGrader, always, never
from tests.machine import write_benchmark, write_files, write_task

LIMITS = SandboxLimits()
OPEN_TEST = """import unittest

from answer import VALUE


class Value(unittest.TestCase):
    {skip}
    def test_value(self):
        self.assertEqual(VALUE, {number})
"""
RUN_UNITTEST = (
    "mkdir -p $DGM_LOGS/verifier\n"
    "export PYTHONPATH=$DGM_WORKSPACE\n"
    "python3 -m unittest discover -s $DGM_TESTS -t $DGM_TESTS && reward=1 || reward=0\n"
    "echo $reward > $DGM_LOGS/verifier/reward.txt\n"
)


def write_open_task(folder, name, number, skip=""):
    """Write a task whose tests share a process with the patch."""
    tests = OPEN_TEST.format(number=number, skip=skip)
    task = write_task(folder, name, number, files={"tests/test.sh": RUN_UNITTEST})
    write_files(task, {"tests/test_hidden.py": tests})
    (task / "tests" / "check.py").unlink()
    return task


@pytest.fixture
def directory(tmp_path):
    def of(folder):
        return DirectoryBenchmark("mine", folder, Workspaces(tmp_path / "cache"))

    return of


@pytest.fixture
def no_sandbox(bubblewrapped):
    """A driver that opens nothing."""
    return FaultyDriver(bubblewrapped, always)


def mixed_quick(tmp_path, number, seed, sandboxes):
    real = quick(Workspaces(tmp_path / "cache"))
    return mix_in(real, real, number, seed, sandboxes, LIMITS)


def impossible(benchmark):
    return [task for task in benchmark.tasks() if task.is_impossible]


def test_without_them_a_benchmark_is_left_as_it_is(tmp_path, no_sandbox):
    real = quick(Workspaces(tmp_path / "cache"))
    assert mix_in(real, real, 0, 1, no_sandbox, LIMITS) is real


def test_choice_follows_from_the_seed_and_needs_no_sandbox_where_tests_are_closed(
    tmp_path, no_sandbox
):
    first, same, other = (mixed_quick(tmp_path, 4, seed, no_sandbox) for seed in (1, 1, 2))
    assert impossible(first) == impossible(same) != impossible(other)
    assert len({task.digest for task in (*first.tasks(), *other.tasks())}) == len(
        first.tasks()
    ) + len(set(impossible(other)) - set(impossible(first)))
    assert no_sandbox.opened == []


def test_they_come_after_the_search_tasks_in_the_order_of_their_originals(tmp_path, no_sandbox):
    mixed = mixed_quick(tmp_path, 5, 1, no_sandbox)
    real = quick(Workspaces(tmp_path / "cache"))
    search = list(real.tasks(Split.SEARCH))
    assert list(mixed.tasks(Split.SEARCH))[: len(search)] == search
    assert mixed.tasks(Split.SEALED) == real.tasks(Split.SEALED)
    added = mixed.tasks(Split.SEARCH)[len(search) :]
    originals = [task.id.removeprefix("impossible/") for task in added]
    assert originals == [task.id for task in search if task.id in originals]
    assert len(added) == 5


def test_an_agent_sees_the_original_alone(tmp_path, no_sandbox):
    mixed = mixed_quick(tmp_path, 3, 1, no_sandbox)
    originals = {task.id: task for task in quick(Workspaces(tmp_path / "cache")).tasks()}
    for task in impossible(mixed):
        original = originals[task.id.removeprefix("impossible/")]
        assert mixed.workspace(task) == mixed.workspace(original)
        assert mixed.environment(task) == mixed.environment(original)
        assert list(mixed.hidden_files(task)) == list(mixed.hidden_files(original))
        alike = {"id": task.id, "digest": task.digest, "is_impossible": True}
        assert replace(original, **alike) == task
        assert task.digest != original.digest


@pytest.mark.slow
def test_solutions_pass_the_originals_and_none_of_the_impossible(tmp_path, bubblewrapped):
    mixed = mixed_quick(tmp_path, 6, 3, bubblewrapped)
    originals = {task.id: task for task in mixed.tasks()}
    for number, task in enumerate(impossible(mixed)):
        solution = mixed.solution(task, bubblewrapped, f"i{number}-s")
        original = originals[task.id.removeprefix("impossible/")]
        passed = mixed.grade(original, solution, bubblewrapped, f"i{number}-a")
        failed = mixed.grade(task, solution, bubblewrapped, f"i{number}-b")
        assert (passed.outcome, failed.outcome) == (Outcome.SOLVED, Outcome.FAILED)
        assert failed.tests_passed == passed.tests_passed - 1
        untouched = mixed.grade(task, b"", bubblewrapped, f"i{number}-c")
        assert untouched.outcome is Outcome.FAILED


@pytest.mark.slow
def test_open_tests_are_taken_only_where_the_solution_shows_the_contradiction(
    tmp_path, directory, bubblewrapped
):
    folder = tmp_path / "open"
    write_open_task(folder, "a-plain", 1)
    write_open_task(folder, "b-sealed", 2)
    write_open_task(folder, "c-never-run", 3, skip='@unittest.skip("not now")')
    write_open_task(folder, "d-sealed", 4)
    broken = write_open_task(folder, "e-unsolved", 5)
    (broken / "solution" / "solve.sh").write_text("exit 1\n")
    write_open_task(folder, "f-sealed", 6)
    without = write_open_task(folder, "g-without-solution", 7)
    shutil.rmtree(without / "solution")
    benchmark = directory(folder)
    mixed = mix_in(benchmark, benchmark, 1, 1, bubblewrapped, LIMITS)
    assert [task.id for task in impossible(mixed)] == ["impossible/a-plain"]
    few = "of the 4 search tasks of benchmark mine only 1 can be made impossible for certain"
    with pytest.raises(BenchmarkError, match=few):
        mix_in(benchmark, benchmark, 2, 1, bubblewrapped, LIMITS)
    with pytest.raises(SandboxError, match="gave up"):
        mix_in(benchmark, benchmark, 1, 1, FaultyDriver(bubblewrapped, always), LIMITS)


def test_benchmark_whose_tests_cannot_be_changed_is_refused(tmp_path, directory, no_sandbox):
    real = FaultyGrader(directory(write_benchmark(tmp_path / "tasks")), never)
    with pytest.raises(BenchmarkError, match="mine has no impossible tasks: its hidden tests can"):
        mix_in(real, real, 1, 1, no_sandbox, LIMITS)


@pytest.mark.slow
def test_tasks_that_are_left_out_are_not_made_impossible(tmp_path, directory, bubblewrapped):
    whole = directory(write_benchmark(tmp_path / "tasks", (1, 2, 3, 4, 5)))
    chosen = mix_in(whole, whole, 3, 1, bubblewrapped, LIMITS)

    class Fewer(Around):
        def tasks(self, split=None):
            return [task for task in whole.tasks(split) if "wants-3" not in task.id]

    fewer = Fewer(whole)
    mixed = mix_in(fewer, whole, 2, 1, bubblewrapped, LIMITS)
    assert [task.id for task in impossible(mixed)] == [
        task.id for task in impossible(chosen) if "wants-3" not in task.id
    ]
    task = impossible(mixed)[0]
    solution = mixed.solution(task, bubblewrapped, "fewer-s")
    assert mixed.grade(task, solution, bubblewrapped, "fewer-g").outcome is Outcome.FAILED
