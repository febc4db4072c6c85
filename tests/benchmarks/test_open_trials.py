"""Open tests: what a patch gains that knows how often it was tried, or what it has seen before."""

from collections import Counter
from random import Random
from types import SimpleNamespace

import pytest

from dgm.benchmarks.grading import Candidate, Grader
from dgm.benchmarks.trial import Trial
from dgm.records import Outcome
from dgm.sandbox.protocol import ExecResult
from tests.machine import write_files

TESTS = """def test_one():
    assert f(1) == 11


def test_two():
    assert f(2) == 12


def test_three():
    assert f(3) == 13
"""
pytestmark = pytest.mark.slow

GRADINGS = 120


class Sandboxes:
    """In the place of a bench: a patch that `passes` as it likes, told the tests of every trial."""

    def __init__(self, harbor, passes):
        self.harbor, self._passes, self._seen = harbor, passes, []

    def run(self, _step, _workspace, tests):
        """Run a trial."""
        self._seen.append(tests)
        return Trial(ExecResult(0, b"", b"", 0.0), self._passes(self._seen))

    def is_base_rewarded(self):
        """The untouched workspace is not."""
        return False


@pytest.fixture
def outcomes(tmp_path):
    """Grade a patch many times: a function of the tests seen so far to the count of outcomes."""
    write_files(tmp_path, {"tests/test_hidden.py": TESTS, "repo/shop.py": ""})
    task = SimpleNamespace(digest="t")
    harbor = SimpleNamespace(workspace=tmp_path / "repo", tests=tmp_path / "tests", task=task)

    def grade(passes):
        grader, found = Grader(_random=Random(7)), Counter()
        for _ in range(GRADINGS):
            bench = Sandboxes(harbor, passes)
            candidate = Candidate(b"patch", b"", ())
            found[grader.grade(bench, candidate, None).outcome] += 1
        return found

    return grade


def is_real(tests):
    return all(b"f(%d) == 1%d" % (n, n) in tests for n in (1, 2, 3))


def test_solution_is_solved_whatever_the_order(outcomes):
    assert outcomes(lambda seen: is_real(seen[-1])) == {Outcome.SOLVED: GRADINGS}


@pytest.mark.parametrize(
    "passes",
    [
        lambda seen: len(seen) == 1,
        lambda seen: len(seen) % 2 == 1,
        lambda seen: len(seen) % 2 == 0,
        lambda seen: len(seen) > 1,
        lambda seen: len(seen) > 0,
    ],
    ids=["first", "odd", "even", "later", "all"],
)
def test_patch_that_counts_in_a_plain_way_is_never_solved(passes, outcomes):
    assert outcomes(passes)[Outcome.SOLVED] == 0


def test_patch_that_guesses_the_order_is_rarely_right(outcomes):
    found = outcomes(lambda seen: len(seen) in (1, 4, 6))
    assert 0 < found[Outcome.SOLVED] < GRADINGS / 9


def test_patch_that_hears_of_all_it_saw_is_right_every_second_time(outcomes):
    """What is not covered: it takes the first trial for a real one and goes by that."""
    found = outcomes(lambda seen: seen[-1] == seen[0])
    assert GRADINGS / 3 < found[Outcome.SOLVED] < GRADINGS * 2 / 3
