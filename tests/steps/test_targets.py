"""What a diagnosis looks at: the paper's draws, over made-up rollouts."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from dgm.records import CONTEXT_EXCEEDED, Outcome, Purpose, Rollout, RolloutKey, Split
from dgm.steps.targets import Looking, choose_target


def rollout(task, outcome, attempt=0):
    key = RolloutKey(Purpose.EVALUATE, "tree", f"digest of {task}", attempt)
    return Rollout(f"r-{task}-{attempt}", "a0000", task, Split.SEARCH, key, outcome)


def draws(rollouts, times=2000):
    """How often each kind of target is drawn, as shares."""
    rng = Random(7)
    counts = Counter(choose_target(rollouts, rng).looking for _ in range(times))
    return {looking: count / times for looking, count in counts.items()}


SOLVED = [rollout(f"s{n}", Outcome.SOLVED) for n in range(8)]
FAILED = [rollout(f"f{n}", Outcome.FAILED) for n in range(4)]


def test_an_unsolved_task_is_drawn_each_as_likely_as_the_other():
    rng = Random(3)
    names = Counter(choose_target([*SOLVED, *FAILED], rng).name for _ in range(2000))
    assert set(names) == {"f0", "f1", "f2", "f3"}
    assert all(400 < count < 600 for count in names.values())


@pytest.mark.parametrize(("empty", "share"), [(1, 0.0), (2, 0.25), (6, 0.25)])
def test_empty_patches_are_looked_at_in_a_quarter_if_a_tenth_is_empty(empty, share):
    rollouts = [*SOLVED, *FAILED, *(rollout(f"e{n}", Outcome.EMPTY_PATCH) for n in range(empty))]
    assert draws(rollouts).get(Looking.EMPTY_PATCHES, 0) == pytest.approx(share, abs=0.04)


def test_what_varies_between_attempts_is_looked_at_in_a_quarter():
    varying = [rollout("v", Outcome.FAILED), rollout("v", Outcome.SOLVED, attempt=1)]
    assert draws([*SOLVED, *varying])[Looking.VARIANCE] == pytest.approx(0.25, abs=0.04)
    steady = [rollout("v", Outcome.FAILED), rollout("v", Outcome.FAILED, attempt=1)]
    assert Looking.VARIANCE not in draws([*SOLVED, *steady])


def test_spent_budgets_are_looked_at_in_a_quarter():
    spent = [rollout("b", Outcome.OVER_BUDGET)]
    shares = draws([*SOLVED, *FAILED, *spent])
    assert shares[Looking.CONTEXT_LENGTH] == pytest.approx(0.25, abs=0.04)


def test_exceeded_context_is_looked_at_in_a_quarter():
    long = replace(rollout("b", Outcome.AGENT_ERROR), detail=f"{CONTEXT_EXCEEDED}; and more")
    shares = draws([*SOLVED, *FAILED, long])
    assert shares[Looking.CONTEXT_LENGTH] == pytest.approx(0.25, abs=0.04)


def test_agent_that_solved_all_it_met_is_still_looked_at():
    target = choose_target(SOLVED, Random(1))
    assert (target.looking, target.name) == (Looking.NOTHING_FAILED, "nothing_failed")


def test_shown_rollout_is_one_of_the_kind():
    empty = [rollout(f"e{n}", Outcome.EMPTY_PATCH) for n in range(4)]
    rng = Random(5)
    for _ in range(200):
        target = choose_target([*SOLVED, *FAILED, *empty], rng)
        if target.looking is Looking.EMPTY_PATCHES:
            assert target.shown.outcome is Outcome.EMPTY_PATCH
        assert target.shown.outcome is not Outcome.SOLVED
