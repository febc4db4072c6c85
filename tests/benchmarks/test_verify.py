"""`verify` finds what is wrong with a benchmark; each fault is planted here to see it found."""

import shutil

import pytest

from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.benchmarks.verify import find_leaks, verify_task
from dgm.workspaces import Workspaces
from tests.machine import write_benchmark

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path):
    return write_benchmark(tmp_path / "benchmark", (1, 2))


@pytest.fixture
def benchmark(folder, tmp_path):
    return DirectoryBenchmark("tiny", folder, Workspaces(tmp_path / "cache"))


def test_sound_tasks_have_no_problems(benchmark, bubblewrapped):
    for task in benchmark.tasks():
        assert verify_task(benchmark, task, bubblewrapped).problems == ()
    assert find_leaks(benchmark, benchmark.tasks(), bubblewrapped) == {}


def problems_after(benchmark, folder, name, text, sandboxes):
    (folder / "t0-wants-1" / name).write_text(text)
    return verify_task(benchmark, benchmark.tasks()[0], sandboxes).problems


def test_solution_that_does_not_pass_is_found(benchmark, folder, bubblewrapped):
    found = problems_after(benchmark, folder, "solution/answer.py", "VALUE = 7\n", bubblewrapped)
    assert len(found) == 1
    assert found[0].startswith("its solution does not pass: FAIL test_value")


def test_solution_that_cannot_be_made_is_found(benchmark, folder, bubblewrapped):
    found = problems_after(benchmark, folder, "solution/solve.sh", "exit 1\n", bubblewrapped)
    assert found[0].startswith("its solution cannot be made")


def test_task_that_passes_untouched_is_found(benchmark, folder, bubblewrapped):
    untouched = "environment/repo/answer.py"
    found = problems_after(benchmark, folder, untouched, "VALUE = 1\n", bubblewrapped)
    assert "it passes untouched" in found


def test_hidden_files_are_found_wherever_a_sandbox_can_read_them(benchmark, folder, bubblewrapped):
    hidden, other = folder / "t0-wants-1" / "tests", folder / "t1-wants-2" / "environment" / "repo"
    (other / "deep").mkdir()
    shutil.copyfile(hidden / "test_hidden.py", other / "notes.txt")
    shutil.copyfile(hidden / "test.sh", other / "deep" / "er.py")
    shutil.copyfile("/usr/lib/os-release", hidden / "expected.txt")
    leaks = find_leaks(benchmark, benchmark.tasks(), bubblewrapped)
    assert {
        "test_hidden.py can be read as /workspace/t1-wants-2/notes.txt",
        "test.sh can be read as /workspace/t1-wants-2/deep/er.py",
        "expected.txt can be read as /usr/lib/os-release",
    } <= {line for lines in leaks.values() for line in lines}
