"""A folder of Harbor tasks as a benchmark: what every benchmark promises, and clear refusals."""

import re
import shutil

import pytest

from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.benchmarks.harbor import digest_of
from dgm.benchmarks.quick import quick
from dgm.benchmarks.standing import Checked, Standings
from dgm.errors import BenchmarkError, MachineError
from dgm.records import Outcome, Split
from dgm.workspaces import Workspaces
from tests.benchmarks.contract import Contract
from tests.machine import write_benchmark, write_task


@pytest.fixture
def folder(tmp_path):
    return write_benchmark(tmp_path / "benchmark", (1, 2, 3))


@pytest.fixture
def open_folder(tmp_path):
    """Open a folder of tasks anew, as another process would."""
    numbers = iter(range(100))

    def make(folder, splits=None):
        cache = Workspaces(tmp_path / f"cache{next(numbers)}")
        return DirectoryBenchmark("tiny", folder, cache, splits)

    return make


@pytest.fixture(params=["tiny", "quick", "checked"])
def benchmark(request, folder, open_folder, tmp_path):
    """Each benchmark there is, behind the one protocol."""
    if request.param == "quick":
        return quick(Workspaces(tmp_path / "q"))
    (folder / "no-task").mkdir()
    (folder / "no-task" / "task.toml").write_text("")
    tiny = open_folder(folder)
    return tiny if request.param == "tiny" else Checked(tiny, Standings(tmp_path / "verified"))


@pytest.fixture
def sandboxes(bubblewrapped):
    return bubblewrapped


class TestEveryBenchmark(Contract):
    """`benchmark` is each of them in turn."""


def test_digest_changes_with_any_byte_name_or_mode_of_a_task(folder):
    task = folder / "t0-wants-1"
    digests = {digest_of(task)}
    for path in sorted(p for p in task.rglob("*") if p.is_file()):
        original = path.read_bytes()
        path.write_bytes(original + b"\n")
        digests.add(digest_of(task))
        path.write_bytes(original)
        path.rename(path.with_name("renamed"))
        digests.add(digest_of(task))
        path.with_name("renamed").rename(path)
        path.chmod(path.stat().st_mode ^ 0o100)
        digests.add(digest_of(task))
        path.chmod(path.stat().st_mode ^ 0o100)
    assert len(digests) == 1 + 3 * 9
    assert digest_of(task) in digests


def test_digest_is_the_same_elsewhere(folder, tmp_path):
    shutil.copytree(folder / "t0-wants-1", tmp_path / "elsewhere")
    assert digest_of(folder / "t0-wants-1") == digest_of(tmp_path / "elsewhere")


def test_task_says_what_its_folder_says(folder, open_folder):
    write_task(folder, "t9", 9, seconds=7)
    task = open_folder(folder).tasks()[-1]
    assert (task.id, task.timeout_s, task.grading_timeout_s) == ("t9", 7.0, 20.0)
    assert task.statement == "t9: `VALUE` in answer.py should be 9"


def test_splits_can_be_named(folder, open_folder):
    names = {Split.SEARCH: ["t2-wants-3"], Split.SEALED: ["t0-wants-1"]}
    benchmark = open_folder(folder, names)
    assert [task.id for task in benchmark.tasks()] == ["t2-wants-3", "t0-wants-1"]
    assert [task.id for task in benchmark.tasks(Split.SEALED)] == ["t0-wants-1"]


def test_of_two_tasks_that_are_the_same_one_is_left_out(folder, open_folder):
    shutil.copytree(folder / "t0-wants-1", folder / "twin")
    benchmark = open_folder(folder)
    assert "twin" not in [task.id for task in benchmark.tasks()]
    assert benchmark.left_out == {
        "twin": "task twin: it is the same as t0-wants-1; remove one of them"
    }


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("instruction.md", None, "instruction.md is missing"),
        ("environment/Dockerfile", None, "environment/Dockerfile is missing"),
        ("tests/test.sh", None, "tests/test.sh is missing"),
        ("task.toml", "[agent", "not valid TOML"),
        ("task.toml", "[agent]\ntimeout_sec = 0\n", "timeout_sec = 0; give seconds above 0"),
        ("task.toml", "[verifier]\ntimeout_sec = 'long'\n", "'long'; give seconds above 0"),
        ("task.toml", "agent = 3\n", r"\[agent\] must be a section"),
        (
            "environment/Dockerfile",
            "FROM debian\nWORKDIR /w\nRUN make\nCOPY repo/ /w/\n",
            r"needs an image \(RUN make\); dgm bench prepare",
        ),
        ("environment/Dockerfile", "FROM x\nWORKDIR /w\n", r"needs an image \(FROM x\)"),
        ("environment/Dockerfile", "FROM scratch\nCOPY\n", r"needs an image \(COPY\s?\)"),
        ("environment/Dockerfile", 'FROM scratch\nCOPY "repo /w\n', r"needs an image \(COPY"),
        ("environment/Dockerfile", "FROM scratch\nCOPY repo/ /etc\n", r"needs an image|cannot be"),
        ("environment/Dockerfile", "FROM scratch\nWORKDIR /w\nCOPY a b /w/\n", "laid out; dgm b"),
        ("environment/Dockerfile", "FROM scratch\nCOPY repo/ /\n", "cannot be a task's folder"),
        ("environment/docker-compose.yaml", "services: {}\n", "one container"),
        ("task.toml", "[[steps]]\nname = 'a'\n", "several steps"),
        ("task.toml", "[environment]\nmemory = 'much'\n", "as in '2G'"),
        ("task.toml", "[environment]\ncpus = true\n", "cpus = True; give a number"),
        ("task.toml", "[environment]\ngpus = 1\n", "gpus = 1 cannot be had"),
        ("task.toml", "[verifier.env]\nKEY = '${SECRET}'\n", "nothing of the host's"),
        ("task.toml", "artifacts = ['/var/log/x']\n", "only what lies in its working folder"),
    ],
)
def test_malformed_task_is_one_clear_line(folder, open_folder, name, text, complaint):
    path = folder / "t0-wants-1" / name
    others = [task for task in open_folder(folder).tasks() if task.id != "t0-wants-1"]
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)
    benchmark = open_folder(folder)
    assert list(benchmark.tasks()) == others
    (reason,) = benchmark.left_out.values()
    assert re.search(complaint, reason)
    assert "t0-wants-1" in reason
    assert "\n" not in reason


def test_folder_without_any_good_task_is_refused_with_the_first_reason(folder, open_folder):
    for path in folder.glob("*/instruction.md"):
        path.unlink()
    with pytest.raises(BenchmarkError, match=r"t0-wants-1: instruction.md is .* \(and 2 more"):
        open_folder(folder).tasks()


def test_named_task_that_is_missing_and_folder_that_is_missing_are_clear(folder, open_folder):
    with pytest.raises(BenchmarkError, match=r"task none: task\.toml: No such file"):
        open_folder(folder, {Split.SEARCH: ["none"]}).tasks()
    with pytest.raises(BenchmarkError, match="is not a folder"):
        open_folder(folder / "none").tasks()


def test_solution_that_fails_is_an_error_of_the_machine(folder, open_folder, bubblewrapped):
    (folder / "t0-wants-1" / "solution" / "solve.sh").write_text("echo sorry >&2; exit 3\n")
    benchmark = open_folder(folder)
    with pytest.raises(MachineError, match="t0-wants-1 failed: b'sorry"):
        benchmark.solution(benchmark.tasks()[0], bubblewrapped, "s")


def test_hidden_tests_that_never_end_are_a_failure_and_say_so(folder, open_folder, bubblewrapped):
    task = folder / "t0-wants-1"
    (task / "task.toml").write_text("[verifier]\ntimeout_sec = 0.5\n")
    (task / "tests" / "test.sh").write_text("sleep 60\n")
    benchmark = open_folder(folder)
    grade = benchmark.grade(benchmark.tasks()[0], b"", bubblewrapped, "g")
    assert (grade.outcome, grade.detail) == (
        Outcome.FAILED,
        "the hidden tests did not end in time",
    )


def test_reward_claimed_without_all_tests_does_not_count(folder, open_folder, bubblewrapped):
    script = folder / "t0-wants-1" / "tests" / "test.sh"
    honest = script.read_text()
    claim = "mkdir -p $DGM_LOGS/verifier; echo 1 > $DGM_LOGS/verifier/reward.txt\n"
    benchmark = open_folder(folder)
    task = benchmark.tasks()[0]
    for text in (claim, claim + "echo 'ok   test_value'\n", honest + claim):
        script.write_text(text)
        grade = benchmark.grade(task, b"", bubblewrapped, "claimed")
        assert (grade.outcome, grade.tests_passed) == (Outcome.FAILED, 0)
        assert "the reward was claimed" in grade.detail
    script.write_text(honest.replace("echo $reward", "echo lots"))
    solution = benchmark.solution(task, bubblewrapped, "solution")
    grade = benchmark.grade(task, solution, bubblewrapped, "nonsense")
    assert grade.outcome is Outcome.FAILED
    assert "gave no reward" in grade.detail
    script.write_text(honest)  # the control
    assert benchmark.grade(task, solution, bubblewrapped, "right").outcome is Outcome.SOLVED
