"""Grade a patch: base repository + patch + hidden tests, in fresh sandboxes without a model.

Covered: the agent's own sandbox never holds the tests; tests and their configuration are the task's
own (`protection.py`). Where a task brings our `check.py`, a process that never runs the patch
executes the tests and decides what is equal; the patch sees what it is called with, in a process of
its own (`closed.py`). There is no second trial then: whether a value is the expected one is not the
patch's to say, and a trial that differs would only tell it something. Elsewhere the tests are open
to the patch. The reward is read when everything has stopped, counts only if the untouched workspace
gets none, and must be gone once one expected value is changed (`mutation.py`).

`tampered` is given for what no honest patch does, never for a part that was left out: a silenced
report, a broken protocol, a mutated test that passes, a reward that the tests did not give.

Not covered: of closed tests, those that rest on the equality of two objects of the patch, or hand
it the expected value as an argument; of open ones, a patch that writes the reward or the report in
the tests' own process and tells, or is told, which trial is the mutated one.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from dgm.benchmarks.closed import ClosedTests, is_closed, judge, prepare, runner_files
from dgm.benchmarks.harbor import HarborTask
from dgm.benchmarks.mutation import Mutation, choose, names_of_tests
from dgm.benchmarks.protection import changed_settings, dropped_paths, protected_patterns
from dgm.benchmarks.protocol import Grade
from dgm.benchmarks.trial import Bench, Finding, by_reward, sources_of, with_source
from dgm.records import Outcome
from dgm.sandbox.transfer import pack
from dgm.workspaces import Workspace, touched_files

_PASSED_MUTATION = "a hidden test with a changed expected value passed"
_LOG_BYTES = 20_000
_LISTED_PATHS = 10


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patch to be graded: the workspace it makes (a tar), and the paths left out of it."""

    patch: bytes
    workspace: bytes
    dropped: tuple[str, ...]


def lay_out(harbor: HarborTask, workspace: Workspace, patch: bytes) -> Candidate:
    """Apply a patch without its parts on tests. Raises: PatchRefusedError."""
    touched = touched_files(patch)
    patterns = protected_patterns(harbor.workspace, harbor.tests)
    with tempfile.TemporaryDirectory(prefix="dgm-grade-") as folder:
        tree = Path(folder, "tree")
        tree.mkdir()
        workspace.apply(patch, tree, leave_out=patterns)
        if settings := changed_settings(touched, harbor.workspace, tree):
            patterns = (*patterns, *settings)
            shutil.rmtree(tree)
            tree.mkdir()
            workspace.apply(patch, tree, leave_out=patterns)
        return Candidate(patch, pack(tree), dropped_paths(touched, patterns))


@dataclass(frozen=True, slots=True)
class Grader:
    """Grades patches; remembers for each task whether its untouched workspace is rewarded."""

    _untouched: dict[str, bool] = field(default_factory=dict)

    def grade(
        self, bench: Bench, candidate: Candidate, reference: Callable[[], Candidate] | None
    ) -> Grade:
        """Run the tests and judge. `reference` makes the solution, None where a task has none.

        The same patch meets the same tests. Raises: MachineError when the machine fails, not the
        patch.
        """
        tests = bench.harbor.tests
        if is_closed(tests):
            ready = prepare(tests)
            finding = self._try(bench, candidate, ready)
            return _as_grade(finding, len(ready.expected), candidate.dropped)
        patch = hashlib.sha256(candidate.patch).hexdigest()
        seen = names_of_tests(runner_files(sources_of(bench.harbor.workspace)))
        chance = Random(f"{bench.harbor.task.digest}/{patch}/mutation")
        mutation = choose(sources_of(tests), seen, chance)
        finding = self._by_reward(bench, candidate, mutation, reference)
        return _as_grade(finding, None, candidate.dropped)

    def _try(self, bench: Bench, candidate: Candidate, tests: ClosedTests) -> Finding:
        """Run closed tests; a reward that they did not give is looked into."""
        trial = bench.run("", candidate.workspace, tests.archive, tests.stdin)
        finding = judge(trial, tests)
        if finding.outcome is not Outcome.FAILED or not trial.is_rewarded:
            return finding
        if not finding.is_reported or self._is_base_rewarded(bench):
            detail = "the reward was claimed without all tests passing"
            return replace(finding, detail="; ".join(filter(None, (detail, finding.detail))))
        return finding.tampered("a reward was written although hidden tests failed")

    def _by_reward(
        self,
        bench: Bench,
        candidate: Candidate,
        mutation: Mutation | None,
        reference: Callable[[], Candidate] | None,
    ) -> Finding:
        """Judge by the reward alone, where nothing better is known."""
        tests = bench.harbor.tests
        trial = bench.run("", candidate.workspace, pack(tests))
        finding = by_reward(trial)
        if finding.outcome is not Outcome.SOLVED or not candidate.patch:
            return finding
        if self._is_base_rewarded(bench):
            return replace(
                finding, outcome=Outcome.FAILED, detail="the untouched workspace is rewarded too"
            )
        if mutation is None:
            return finding
        false_tests = with_source(tests, mutation)
        again = bench.run("-2", candidate.workspace, false_tests)
        if not again.is_rewarded:
            return finding
        if reference is None:
            detail = "not confirmed: it is rewarded with a false test too, as a solution may be"
            return replace(finding, outcome=Outcome.FAILED, detail=detail)
        if bench.run("-3", reference().workspace, false_tests).is_rewarded:
            return finding  # that test is never run: its change says nothing
        return finding.tampered(_PASSED_MUTATION)

    def _is_base_rewarded(self, bench: Bench) -> bool:
        digest = bench.harbor.task.digest
        if digest not in self._untouched:
            self._untouched[digest] = bench.is_base_rewarded()
        return self._untouched[digest]


def _as_grade(finding: Finding, total: int | None, dropped: tuple[str, ...]) -> Grade:
    listed = ", ".join(dropped[:_LISTED_PATHS])
    if len(dropped) > _LISTED_PATHS:
        listed += f" and {len(dropped) - _LISTED_PATHS} more"
    left_out = f"parts of the patch on tests were left out: {listed}" if dropped else ""
    return Grade(
        outcome=finding.outcome,
        detail="; ".join(filter(None, (finding.detail, left_out))),
        tests_passed=None if total is None else len(finding.passed),
        tests_total=total,
        log=finding.log[-_LOG_BYTES:],
        reward=finding.reward,
    )
