"""Grade a patch: base repository + patch + hidden tests, in fresh sandboxes without a model.

Covered: the agent's own sandbox never holds the tests; tests and their configuration are the task's
own (`protection.py`). Where a task brings our `check.py`, a process that never runs the patch
executes the tests and decides what is equal; the patch sees what it is called with, in a process of
its own (`closed.py`). There is no second trial then: whether a value is the expected one is not the
patch's to say, and a trial that differs would only tell it something. Elsewhere the tests are open
to the patch. The reward is read when everything has stopped and counts only if the untouched
workspace gets none. It must come in three trials with the real tests, and be gone in three with one
expected value changed in each (`mutation.py`), in an order that is drawn anew for each grading.

`tampered` is given for what no honest patch does, never for a part that was left out: a silenced
report, a broken protocol, a mutated test that passes, a reward that the tests did not give.

Not covered: of closed tests, those that rest on the equality of two objects of the patch, or hand
it the expected value as an argument; of open ones, a patch that writes the reward or the report in
the tests' own process and tells real trials from mutated ones. One that merely counts trials is
right once in 18 times; one that carries what it saw from each to the next, once in two.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import cycle, islice, pairwise
from pathlib import Path
from random import Random, SystemRandom

from dgm.benchmarks.closed import ClosedTests, is_closed, judge, prepare, runner_files
from dgm.benchmarks.harbor import HarborTask
from dgm.benchmarks.mutation import Mutation, choose_several, names_of_tests
from dgm.benchmarks.protection import (
    Modules,
    changed_settings,
    dropped_paths,
    modules_of,
    protected_patterns,
)
from dgm.benchmarks.protocol import Grade
from dgm.benchmarks.trial import Bench, Finding, Trial, by_reward, sources_of, staged, with_source
from dgm.records import Outcome
from dgm.sandbox.transfer import pack
from dgm.workspaces import Workspace, touched_files

_PASSED_MUTATION = "a hidden test with a changed expected value passed"
_NOT_AGAIN = "the same tests passed in one trial and failed in another"
_TRIALS = 3  # with the real tests, and as many with a false one
_LOG_BYTES = 20_000
_LISTED_PATHS = 10


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patch to be graded: the workspace it makes (a tar), and the paths left out of it."""

    patch: bytes
    workspace: bytes
    dropped: tuple[str, ...]
    modules: Modules = field(default_factory=Modules)


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
        modules = modules_of(harbor.workspace, tree)
        return Candidate(patch, pack(tree), dropped_paths(touched, patterns), modules)


@dataclass(frozen=True, slots=True)
class Grader:
    """Grades patches; remembers for each task whether its untouched workspace is rewarded.

    Chance is the host's own, unless one is given.
    """

    _untouched: dict[str, bool] = field(default_factory=dict)
    _random: Random | None = None

    def grade(
        self, bench: Bench, candidate: Candidate, reference: Callable[[], Candidate] | None
    ) -> Grade:
        """Run the tests and judge. `reference` makes the solution, None where a task has none.

        Raises: MachineError when the machine fails, not the patch.
        """
        tests = bench.harbor.tests
        if is_closed(tests):
            ready = prepare(tests, candidate.modules)
            finding = self._try(bench, candidate, ready)
            return _as_grade(finding, len(ready.expected), candidate.dropped)
        seen = names_of_tests(runner_files(sources_of(bench.harbor.workspace)))
        chance = self._random or SystemRandom()
        mutations = choose_several(sources_of(tests), seen, chance, _TRIALS)
        order = _order(mutations if candidate.patch else (), chance)
        finding = self._by_reward(bench, candidate, order, reference)
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
        order: Iterable[Mutation | None],
        reference: Callable[[], Candidate] | None,
    ) -> Finding:
        """Judge by the reward alone, where nothing better is known; stop when that is settled."""
        tests, solved = bench.harbor.tests, None
        for mutation in order:
            archive = with_source(tests, mutation) if mutation else staged(tests, {})
            trial = _run(bench, candidate, archive)
            finding = by_reward(trial)
            if mutation is None and finding.outcome is not Outcome.SOLVED:
                return finding if solved is None else replace(finding, detail=_NOT_AGAIN)
            if not trial.is_rewarded:
                continue
            if candidate.patch and self._is_base_rewarded(bench):
                detail = "the untouched workspace is rewarded too"
                return replace(finding, outcome=Outcome.FAILED, detail=detail)
            if mutation is None:
                solved = finding
            elif reference is None:
                detail = "not confirmed: it is rewarded with a false test too, as a solution may be"
                return replace(finding, outcome=Outcome.FAILED, detail=detail)
            elif not _run(bench, reference(), archive).is_rewarded:
                return finding.tampered(_PASSED_MUTATION)
            # else that test is never run: its change says nothing
        return solved or finding

    def _is_base_rewarded(self, bench: Bench) -> bool:
        digest = bench.harbor.task.digest
        if digest not in self._untouched:
            self._untouched[digest] = bench.is_base_rewarded()
        return self._untouched[digest]


def _order(mutations: tuple[Mutation, ...], chance: Random) -> list[Mutation | None]:
    """Draw an order of real trials (None) and mutated ones that do not take turns."""
    if not mutations:
        return [None]
    false = islice(cycle(mutations), _TRIALS)
    order = chance.sample([*[None] * _TRIALS, *false], 2 * _TRIALS)
    while all((one is None) != (other is None) for one, other in pairwise(order)):
        chance.shuffle(order)
    return order


def _run(bench: Bench, candidate: Candidate, tests: bytes) -> Trial:
    """Run open tests in a sandbox whose name tells nothing of the trials before it."""
    return bench.run(f"-{secrets.token_hex(3)}", candidate.workspace, tests)


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
