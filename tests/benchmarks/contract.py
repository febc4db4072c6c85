"""What every benchmark promises. A test file inherits from `Contract` and gives a `benchmark`."""

import pickle

import pytest

from dgm.errors import BenchmarkError
from dgm.records import Environment, Outcome, Split, Task
from dgm.sandbox.surroundings import folder_problem


def files_below(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


class Contract:
    """Fixtures to give: `benchmark`, and `sandboxes` in which its tasks can be met."""

    def test_tasks_are_distinct_and_in_a_fixed_order(self, benchmark):
        tasks = benchmark.tasks()
        assert list(benchmark.tasks()) == list(tasks)
        assert (
            len({task.id for task in tasks}) == len({task.digest for task in tasks}) == len(tasks)
        )
        assert all(task.benchmark == benchmark.name for task in tasks)

    def test_splits_share_no_task_and_leave_none_out(self, benchmark):
        search, sealed = (benchmark.tasks(split) for split in Split)
        assert search
        assert sealed
        assert {t.id for t in search} | {t.id for t in sealed} == {t.id for t in benchmark.tasks()}
        assert not {t.id for t in search} & {t.id for t in sealed}

    def test_what_is_left_out_is_no_task_and_has_a_reason_in_one_line(self, benchmark):
        assert not {task.id for task in benchmark.tasks()} & set(benchmark.left_out)
        assert all(why and "\n" not in why for why in benchmark.left_out.values())

    def test_every_task_says_where_it_is_met(self, benchmark):
        for task in benchmark.tasks():
            environment = benchmark.environment(task)
            assert isinstance(environment, Environment)
            assert folder_problem(environment.folder) is None
            assert benchmark.environment(task) == environment

    def test_workspace_holds_nothing_hidden_and_no_repository(self, benchmark):
        for task in benchmark.tasks():
            seen = files_below(benchmark.workspace(task))
            assert not [name for name in seen if ".git" in name.split("/")]
            hidden = {p.read_bytes() for p in benchmark.hidden_files(task) if p.name != "check.py"}
            assert hidden
            assert not hidden & {content for content in seen.values() if content}

    def test_solution_solves_and_untouched_fails(self, benchmark, sandboxes):
        task = benchmark.tasks()[0]
        patch = benchmark.solution(task, sandboxes, "solution")
        before = files_below(benchmark.workspace(task))
        grade = benchmark.grade(task, patch, sandboxes, "right")
        assert grade.outcome is Outcome.SOLVED, grade.log
        assert grade.tests_passed == grade.tests_total
        assert benchmark.grade(task, b"", sandboxes, "untouched").outcome is Outcome.FAILED
        assert files_below(benchmark.workspace(task)) == before

    def test_patch_that_does_not_apply_fails_with_the_reason(self, benchmark, sandboxes):
        task = benchmark.tasks()[0]
        nowhere = b"--- a/none.py\n+++ b/none.py\n@@ -1 +1 @@\n-a\n+b\n"
        for patch in (nowhere, b"this is no patch"):
            grade = benchmark.grade(task, patch, sandboxes, "nowhere")
            assert grade.outcome is Outcome.FAILED
            assert "patch" in grade.detail

    def test_unknown_task_is_one_clear_error(self, benchmark):
        unknown = Task("none", benchmark.name, Split.SEARCH, "0", "")
        for asked in (benchmark.workspace, benchmark.environment, benchmark.hidden_files):
            with pytest.raises(BenchmarkError, match="has no task 'none'"):
                asked(unknown)

    def test_it_can_be_pickled(self, benchmark):
        again = pickle.loads(pickle.dumps(benchmark))
        assert list(again.tasks()) == list(benchmark.tasks())
