"""Stored patches before another grader: nothing is run, spent or lost, and nothing mixed."""

import shutil
from dataclasses import replace
from itertools import islice

import pytest

from dgm.archive.fsck import Severity, check
from dgm.archive.store import Store
from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.errors import ArchiveError, BenchmarkError, MachineError, SandboxLostError
from dgm.fanout import ThreadFanOut
from dgm.measure import measure
from dgm.records import Outcome, Purpose, Rollout, RolloutKey, Split, Task, Usage
from dgm.regrade import check_grader, grade_again, plan_again, plan_regrading
from dgm.replay import recorded_run
from dgm.report import describe_graders, summarise
from dgm.steps.diagnose import Diagnose
from dgm.steps.faults import spoiled
from dgm.steps.regrade import Regrade, lost_patch, stored_work
from dgm.steps.targets import Looking, Target
from dgm.wiring import open_evolution, settle
from dgm.workspaces import Workspaces
from tests.fakes import FaultyProvider, NewerGrader, always, first
from tests.machine import Machine, prompts_in, write_benchmark

pytestmark = pytest.mark.slow


class Regrading:
    """A copy of the finished run, its model out of reach, and graders to put before it."""

    def __init__(self, machine: Machine, store: Store) -> None:
        self.store = store
        self.provider = FaultyProvider(machine.provider, always)
        self.machine = Machine(machine.place, machine.sandboxes, self.provider)

    def benchmark(self, **changes):
        """The run's own tasks before a newer grader."""
        folder = self.machine.place / "benchmark"
        real = DirectoryBenchmark("tiny", folder, Workspaces(self.store.run.path / "cache"))
        return NewerGrader(real, **changes)

    def laboratory(self, benchmark):
        return self.machine.laboratory(folder=self.store.run.path, benchmark=benchmark)

    def plan(self, benchmark):
        with self.laboratory(benchmark) as lab:
            return plan_regrading(lab, self.store)

    def grade(self, benchmark, limit=None):
        """Do as `dgm regrade` does, or stop after some results."""
        with self.laboratory(benchmark) as lab, ThreadFanOut(1) as fanout:
            plan = plan_regrading(lab, self.store)
            units = [one.unit for one in plan.stale]
            rows = measure(lab, self.store, fanout, units, settle(lab, self.store))
            done = list(islice(rows, limit))
            if limit is None:
                self.store.count_grader(plan.now)
        return done

    def scores(self):
        return self.store.scores(Split.SEARCH), self.store.scores(Split.SEALED)


@pytest.fixture
def regrading(finished, tmp_path):
    machine, path = finished
    shutil.copytree(path, tmp_path / "copy")
    with Store.open(tmp_path / "copy") as store:
        yield Regrading(machine, store)


def test_rows_of_the_old_grader_stay_and_the_new_ones_say_where_they_come_from(regrading):
    before = regrading.store.rollouts()
    solved_no_more = next(r.task_id for r in before if r.outcome is Outcome.SOLVED and r.split)
    rows = regrading.grade(regrading.benchmark(verdicts={solved_no_more: Outcome.TAMPERED}))
    after = {rollout.id: rollout for rollout in regrading.store.rollouts()}
    graded = [rollout for rollout in before if rollout.key.purpose.is_graded]
    assert len(rows) == len(graded) > 5
    assert all(after[rollout.id] == rollout for rollout in before)
    for row in rows:
        source = after[row.regraded_from]
        assert replace(row.key, grader_version=source.key.grader_version) == source.key
        assert (row.key.grader_version, row.patch_bytes) == ("newer", source.patch_bytes)
        changed = row.task_id == solved_no_more and source.patch_bytes
        assert row.outcome is (Outcome.TAMPERED if changed else source.outcome)
    assert any(row.outcome is Outcome.TAMPERED for row in rows)
    errors = [
        found for found in check(regrading.store.run.path) if found.severity is Severity.ERROR
    ]
    assert not errors


def test_no_agent_runs_and_nothing_is_spent(regrading):
    spent = regrading.store.usage()
    benchmark = regrading.benchmark()
    rows = regrading.grade(benchmark)
    assert regrading.provider.asked == []
    assert regrading.store.usage() == spent
    assert {row.usage for row in rows} == {Usage()}
    assert len(benchmark.graded) == sum(row.patch_bytes > 0 for row in rows) < len(rows)


def test_scores_change_over_with_the_last_result_and_never_mix_two_graders(regrading):
    store, old = regrading.store, regrading.scores()
    everything = {task.id: Outcome.FAILED for task in store.tasks()}
    for done in range(3):
        regrading.grade(regrading.benchmark(verdicts=everything), limit=done)
        assert regrading.scores() == old
        assert store.graded_by() == "5"
    assert "scores count version 5 of the grader; kept beside them: " in describe_graders(
        summarise(store)
    )
    regrading.grade(regrading.benchmark(verdicts=everything))
    for before, after in zip(old, regrading.scores(), strict=True):
        assert {k: (0, v.attempted) for k, v in before.items()} == {
            k: (v.solved, v.attempted) for k, v in after.items()
        }
    report = summarise(store)
    assert (report.graded_by, report.best_id) == ("newer", "a0000")
    assert all(line.search.solved == line.gained == 0 for line in report.agents)
    assert f"kept beside them: {report.graders['5']} results by version 5" in describe_graders(
        report
    )
    assert {r.key.grader_version for r in store.evaluations("a0000")} == {"newer"}


def test_stopped_regrading_goes_on_where_it_stopped(regrading):
    whole = len(regrading.plan(regrading.benchmark()).stale)
    first_part = regrading.grade(regrading.benchmark(), limit=3)
    plan = regrading.plan(regrading.benchmark())
    assert (len(plan.stale), plan.done) == (whole - len(first_part), len(first_part))
    rest = regrading.grade(regrading.benchmark())
    keys = [row.key for row in (*first_part, *rest)]
    assert len(set(keys)) == len(keys) == whole
    assert regrading.plan(regrading.benchmark()).is_idle
    assert regrading.grade(regrading.benchmark()) == []


def test_killed_before_its_last_step_it_only_changes_over(regrading):
    plan = regrading.plan(regrading.benchmark())
    regrading.grade(regrading.benchmark(), limit=len(plan.stale))
    plan = regrading.plan(regrading.benchmark())
    assert (plan.stale, plan.is_idle, regrading.store.graded_by()) == ((), False, "5")
    assert regrading.grade(regrading.benchmark()) == []
    assert regrading.store.graded_by() == "newer"


def test_fault_of_the_machine_is_tried_again_and_the_old_grader_counts_meanwhile(regrading):
    outcomes = [row.outcome for row in regrading.grade(regrading.benchmark(spoils=first(1)))]
    assert outcomes.count(Outcome.INFRASTRUCTURE) == 1
    assert regrading.store.graded_by() == "newer"
    with pytest.raises(MachineError, match="could not be measured: the grader broke down"):
        regrading.grade(regrading.benchmark(spoils=always, version="newest"))
    assert regrading.store.graded_by() == "newer"


def test_graded_twice_over_the_work_is_still_that_of_the_agent(regrading):
    regrading.grade(regrading.benchmark())
    rows = regrading.grade(regrading.benchmark(version="newest"))
    ran = {r.id for r in regrading.store.rollouts() if r.key.grader_version == "5"}
    assert {row.regraded_from for row in rows} <= ran
    assert regrading.store.graded_by() == "newest"
    assert set(regrading.store.graders()) == {"5", "newer", "newest"}


def test_run_whose_tasks_have_changed_is_refused_by_their_names(regrading, tmp_path):
    tasks = write_benchmark(tmp_path / "changed", (1, 2, 2, 9))
    (tasks / "t3-wants-9").rename(tasks / "t3-wants-2")
    real = DirectoryBenchmark("tiny", tasks, Workspaces(tmp_path / "cache"))
    with pytest.raises(
        BenchmarkError, match=r"run copy was graded on: .*; bring them back"
    ) as raised:
        regrading.plan(NewerGrader(real))
    assert "t3-wants-2" in str(raised.value)
    assert "t4-wants-3" in str(raised.value)
    assert "t0-wants-1" not in str(raised.value)


def test_lost_or_changed_patch_is_named_and_becomes_missing_data(regrading):
    store = regrading.store
    solved = [r for r in store.evaluations("a0000") if r.outcome is Outcome.SOLVED]
    before = store.score("a0000")
    (store.run.rollout(solved[0].id) / "patch.diff").write_bytes(b"half of i")
    plan = regrading.plan(regrading.benchmark())
    ((lost, why),) = plan.lost
    assert (lost.id, "patch.diff now has 9" in why) == (solved[0].id, True)
    regrading.grade(regrading.benchmark())
    after = store.score("a0000")
    assert (after.solved, after.attempted) == (before.solved - 1, before.attempted - 1)


def test_same_grader_has_nothing_to_do(regrading):
    plan = regrading.plan(regrading.benchmark(version="5"))
    assert plan.is_idle
    assert (plan.before, plan.now, plan.done) == ("5", "5", 0)


def test_same_grader_again_tells_what_it_says_otherwise_and_keeps_nothing(regrading):
    task = next(r.task_id for r in regrading.store.graded() if r.outcome is Outcome.SOLVED)
    files = sorted(path for path in regrading.store.run.rollouts.rglob("*"))
    for verdicts, wrong in (({}, set()), ({task: Outcome.FAILED}, {task})):
        benchmark = regrading.benchmark(version="5", verdicts=verdicts)
        with regrading.laboratory(benchmark) as lab, ThreadFanOut(2) as fanout:
            plan = plan_again(lab, regrading.store)
            pairs = list(grade_again(lab, fanout, plan.stale))
        assert len(pairs) == len(regrading.store.graded())
        assert {now.task_id for was, now in pairs if was.outcome is not now.outcome} == wrong
    assert regrading.store.graders().keys() == {"5"}
    assert sorted(path for path in regrading.store.run.rollouts.rglob("*")) == files


def test_run_goes_on_only_by_the_grader_that_counts(regrading):
    newer = regrading.benchmark()
    with regrading.laboratory(newer) as lab:
        remedy = "graded by version 5 of the grader, and this is version newer; .* dgm regrade copy"
        with pytest.raises(ArchiveError, match=remedy), open_evolution(lab, regrading.store):
            pass
    regrading.grade(newer)
    with regrading.laboratory(newer) as lab:
        check_grader(lab, regrading.store)
    with (
        regrading.laboratory(regrading.benchmark(version="5")) as lab,
        pytest.raises(ArchiveError, match="version newer of the grader, and this is version 5"),
    ):
        check_grader(lab, regrading.store)


def test_resumed_afterwards_the_run_does_nothing_again(regrading):
    regrading.grade(regrading.benchmark())
    known = regrading.store.rollouts()
    settings = ("benchmark.stages=[2,3]", "budget.children=2", "search.policy=greedy")
    config = regrading.machine.config(*settings)
    with regrading.machine.evolution(regrading.store, config, regrading.benchmark()) as evolution:
        assert evolution.run()
    assert regrading.store.rollouts() == known
    assert regrading.provider.asked == []


def test_diagnosis_of_a_regraded_miss_reads_the_work_of_the_agent(finished, regrading):
    regrading.grade(regrading.benchmark())
    shown = next(r for r in regrading.store.evaluations("a0000") if r.outcome is not Outcome.SOLVED)
    assert shown.regraded_from
    machine = replace(regrading.machine, provider=finished[0].provider)
    with machine.laboratory(folder=regrading.store.run.path) as lab:
        tree = regrading.store.agent("a0000").tree_hash
        code = regrading.store.repository.checkout(tree, machine.place / "diagnosed")
        unit = Diagnose("r999999", "a0001", 1, code, Target(Looking.TASK, shown), "what to do")
        unit.perform(lab)
        (asked,) = prompts_in(lab.rollout_folder("r999999"))
    assert "### Turn" in asked


def test_whole_replay_finds_the_recording_of_a_regraded_rollout(regrading):
    rows = regrading.grade(regrading.benchmark())
    recording = recorded_run(regrading.store.run.path)
    for key in (rows[0].key, replace(rows[0].key, grader_version="unknown")):
        assert recording.of(key).parent.name == rows[0].regraded_from


def test_grading_that_lost_its_sandbox_still_says_whose_work_it_was(tmp_path):
    work = rollout_of(tmp_path / "r1", b"p", Outcome.SOLVED)
    task = Task("t", "tiny", Split.SEARCH, "digest", "do it")
    unit = Regrade("r2", "a0000", work, task, "newer")
    assert spoiled(unit, SandboxLostError("gone"), Usage()).regraded_from == "r1"


def rollout_of(folder, patch, outcome, detail="", size=None):
    folder.mkdir(exist_ok=True)
    (folder / "patch.diff").write_bytes(patch)
    key = RolloutKey(Purpose.EVALUATE, "tree", "digest", 0, "5")
    size = len(patch) if size is None else size
    return Rollout("r1", "a0000", "t", Split.SEARCH, key, outcome, detail, patch_bytes=size)


@pytest.mark.parametrize(
    ("patch", "outcome", "cause"),
    [
        (b"p", Outcome.SOLVED, Outcome.FAILED),
        (b"p", Outcome.TAMPERED, Outcome.FAILED),
        (b"p", Outcome.TIMEOUT, Outcome.TIMEOUT),
        (b"p", Outcome.OVER_BUDGET, Outcome.OVER_BUDGET),
        (b"", Outcome.EMPTY_PATCH, Outcome.EMPTY_PATCH),
        (b"", Outcome.AGENT_ERROR, Outcome.AGENT_ERROR),
    ],
)
def test_how_the_agent_ended_explains_a_miss_as_far_as_it_is_known(tmp_path, patch, outcome, cause):
    work = stored_work(tmp_path / "r1", rollout_of(tmp_path / "r1", patch, outcome))
    assert (work.patch, work.cause) == (patch, cause)


def test_words_of_the_old_grader_are_not_taken_over(tmp_path):
    detail = "the context of the model was exceeded; the hidden tests did not end in time"
    rollout = rollout_of(tmp_path / "r1", b"p", Outcome.FAILED, detail)
    work = stored_work(tmp_path / "r1", rollout)
    assert work.detail == "the context of the model was exceeded"
    ungraded = rollout_of(tmp_path / "r2", b"", Outcome.EMPTY_PATCH, "left behind: link")
    assert stored_work(tmp_path / "r2", ungraded).detail == "left behind: link"


def test_patch_counts_as_lost_unless_it_is_whole(tmp_path):
    assert not lost_patch(tmp_path / "r1", rollout_of(tmp_path / "r1", b"1234", Outcome.SOLVED))
    half = rollout_of(tmp_path / "r2", b"12", Outcome.SOLVED, size=4)
    assert "had 4 bytes, patch.diff now has 2" in lost_patch(tmp_path / "r2", half)
    assert "now has 0" in lost_patch(tmp_path / "r3", half)
    empty = rollout_of(tmp_path / "r4", b"", Outcome.EMPTY_PATCH)
    assert not lost_patch(tmp_path / "r5", empty)
