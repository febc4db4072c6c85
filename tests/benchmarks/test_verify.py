"""`verify` finds what is wrong with a benchmark; each fault is planted here to see it found."""

import pytest

from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.benchmarks.standing import Checked, Standings
from dgm.benchmarks.verify import Verified, try_task, verify
from dgm.errors import BenchmarkError, SandboxError
from dgm.records import Environment
from dgm.workspaces import Workspaces
from tests.machine import write_benchmark

pytestmark = pytest.mark.slow

# Passes at every second call: what stays from one sandbox to the next is the count of them.
FLAKY = """
mkdir -p $DGM_LOGS/verifier
python3 -c 'import os, sys; sys.exit(os.urandom(1)[0] % 2)' && reward=1 || reward=0
echo $reward > $DGM_LOGS/verifier/reward.txt
"""


@pytest.fixture
def folder(tmp_path):
    return write_benchmark(tmp_path / "benchmark", (1, 2))


@pytest.fixture
def workspaces(tmp_path):
    return Workspaces(tmp_path / "cache")


@pytest.fixture
def benchmark(folder, workspaces):
    return DirectoryBenchmark("tiny", folder, workspaces)


def problems_after(benchmark, folder, name, text, sandboxes, **options):
    (folder / "t0-wants-1" / name).write_text(text)
    return try_task(benchmark, benchmark.tasks()[0], sandboxes, **options)[0].problems


def test_sound_tasks_have_no_problems(benchmark, bubblewrapped, workspaces):
    found = list(verify(benchmark, benchmark.tasks(), bubblewrapped, workspaces, repeat=2))
    assert [(each.task.id, each.problems, each.is_final) for each in found] == [
        ("t0-wants-1", (), True),
        ("t1-wants-2", (), True),
    ]
    assert all(each.seconds > 0 and each.repeats == 2 for each in found)


def test_solution_that_does_not_pass_is_found(benchmark, folder, bubblewrapped):
    found = problems_after(benchmark, folder, "solution/answer.py", "VALUE = 7\n", bubblewrapped)
    assert len(found) == 1
    assert found[0].startswith("its solution does not pass: FAIL test_value")


def test_solution_that_cannot_be_made_is_found(benchmark, folder, bubblewrapped):
    found = problems_after(benchmark, folder, "solution/solve.sh", "exit 1\n", bubblewrapped)
    assert found[0].startswith("its solution cannot be made")


def test_missing_toolchain_is_one_line_with_its_name(benchmark, folder, bubblewrapped):
    script = "no-such-compiler answer.c || exit 4\n"
    (found,) = problems_after(benchmark, folder, "solution/solve.sh", script, bubblewrapped)
    assert "no-such-compiler" in found
    assert "\n" not in found


def test_task_that_passes_untouched_is_found(benchmark, folder, bubblewrapped):
    untouched = "environment/repo/answer.py"
    found = problems_after(benchmark, folder, untouched, "VALUE = 1\n", bubblewrapped)
    assert "it passes untouched" in found


def test_flaky_task_is_found_by_repeating(benchmark, folder, bubblewrapped):
    (folder / "t0-wants-1" / "tests" / "check.py").unlink()
    found = problems_after(benchmark, folder, "tests/test.sh", FLAKY, bubblewrapped, repeat=12)
    assert any(problem.startswith("it is flaky: ") for problem in found), found


def test_task_that_could_not_be_tried_says_nothing_of_the_task(
    benchmark, bubblewrapped, workspaces, monkeypatch
):
    alien = Environment(image="dgm-tests:there-is-no-such")
    first, second = benchmark.tasks()
    harbor = benchmark._read.tasks[first.id]
    monkeypatch.setitem(
        benchmark._read.tasks, first.id, type(harbor)(**{**_fields(harbor), "environment": alien})
    )
    good, bad = verify(benchmark, (first, second), bubblewrapped, workspaces)  # images last
    assert not bad.is_final
    assert "could not be tried" in bad.problems[0]
    assert (good.task.id, good.problems) == (second.id, ())


def _fields(harbor):
    return {name: getattr(harbor, name) for name in harbor.__dataclass_fields__}


class TestStandings:
    def verified(self, benchmark, bubblewrapped, workspaces, standings):
        for each in verify(benchmark, benchmark.tasks(), bubblewrapped, workspaces):
            standings.keep(each, benchmark.grader_version)

    def test_unsound_task_is_left_out_by_name_and_the_others_stay(
        self, benchmark, folder, bubblewrapped, workspaces, tmp_path
    ):
        (folder / "t0-wants-1" / "solution" / "answer.py").write_text("VALUE = 7\n")
        standings = Standings(tmp_path / "verified")
        assert [t.id for t in Checked(benchmark, standings).tasks()] == ["t0-wants-1", "t1-wants-2"]
        self.verified(benchmark, bubblewrapped, workspaces, standings)
        checked = Checked(benchmark, standings)
        assert [task.id for task in checked.tasks()] == ["t1-wants-2"]
        assert list(checked.left_out) == ["t0-wants-1"]
        assert "does not pass" in checked.left_out["t0-wants-1"]

    def test_verdict_counts_for_exactly_that_task_and_grader(
        self, benchmark, folder, bubblewrapped, workspaces, tmp_path
    ):
        standings = Standings(tmp_path / "verified")
        self.verified(benchmark, bubblewrapped, workspaces, standings)
        task, version = benchmark.tasks()[0], benchmark.grader_version
        assert standings.of(task, version).problems == ()
        assert standings.of(task, version + "x") is None
        (folder / "t0-wants-1" / "instruction.md").write_text("something else\n")
        changed = DirectoryBenchmark("tiny", folder, workspaces).tasks()[0]
        assert standings.of(changed, version) is None

    def test_flaky_task_is_not_made_sound_by_fewer_repeats(self, benchmark, tmp_path):
        standings, version = Standings(tmp_path / "verified"), benchmark.grader_version
        task = benchmark.tasks()[0]
        for verified, problems in (
            (Verified(task, ("it is flaky",), repeats=12), ("it is flaky",)),
            (Verified(task, (), repeats=1), ("it is flaky",)),
            (Verified(task, (), repeats=12), ()),
            (Verified(task, ("it is flaky",), repeats=1), ("it is flaky",)),
        ):
            standings.keep(verified, version)
            assert standings.of(task, version).problems == problems

    def test_task_without_a_verdict_is_verified_before_it_is_met(
        self, benchmark, folder, bubblewrapped, workspaces, tmp_path
    ):
        leaking = folder / "t0-wants-1" / "environment" / "repo" / "notes.txt"
        leaking.write_bytes((folder / "t0-wants-1" / "tests" / "test_hidden.py").read_bytes())
        standings, told = Standings(tmp_path / "verified"), []
        checked = Checked(benchmark, standings).completed(bubblewrapped, workspaces, told.append)
        assert [task.id for task in checked.tasks()] == ["t1-wants-2"]
        assert "hidden" in checked.left_out["t0-wants-1"]
        assert "2 tasks" in told[0]
        told.clear()
        again = Checked(benchmark, standings).completed(bubblewrapped, workspaces, told.append)
        assert [task.id for task in again.tasks()] == ["t1-wants-2"]
        assert not told

    def test_task_that_could_not_be_verified_is_not_met(
        self, benchmark, bubblewrapped, workspaces, tmp_path, monkeypatch
    ):
        def lost(*_):
            raise SandboxError("the engine is gone")

        monkeypatch.setattr("dgm.benchmarks.verify.find_leaks", lost)
        standings = Standings(tmp_path / "verified")
        checked = Checked(benchmark, standings).completed(bubblewrapped, workspaces, lambda _: None)
        with pytest.raises(BenchmarkError, match="it could not be verified"):
            checked.tasks()

    def test_torn_verdict_is_none(self, benchmark, bubblewrapped, workspaces, tmp_path):
        standings = Standings(tmp_path / "verified")
        self.verified(benchmark, bubblewrapped, workspaces, standings)
        for path in (tmp_path / "verified").iterdir():
            path.write_text(path.read_text()[:40])
        assert standings.of(benchmark.tasks()[0], benchmark.grader_version) is None

    def test_nothing_left_is_one_clear_error(
        self, benchmark, folder, bubblewrapped, workspaces, tmp_path
    ):
        for path in folder.glob("*/solution/answer.py"):
            path.write_text("VALUE = 7\n")
        standings = Standings(tmp_path / "verified")
        self.verified(benchmark, bubblewrapped, workspaces, standings)
        with pytest.raises(BenchmarkError, match=r"no task .* can be used: .*\(and 1 more\)"):
            Checked(benchmark, standings).tasks()
