import math
import random
from collections import Counter

import pytest

from dgm.archive.candidates import Candidates, ParentCandidate
from dgm.errors import ConfigError
from dgm.records import Score
from dgm.steps.select_parents import POLICIES, find_policy, select_parent, weight


def candidates(*rows):
    """Rows of solved, attempted, children."""
    return Candidates(
        ParentCandidate(f"a{number:04d}", Score(solved, attempted), children, number)
        for number, (solved, attempted, children) in enumerate(rows)
    )


def frequencies(policy, pool, draws=20_000):
    rng = random.Random(7)
    counts = Counter(select_parent(policy, pool, rng).agent_id for _ in range(draws))
    return {agent_id: count / draws for agent_id, count in counts.items()}


def test_weight_is_the_papers_formula():
    assert weight(0.5, 0) == 0.5
    assert weight(0.5, 3) == 0.125
    assert weight(0.2, 0) == pytest.approx(1 / (1 + math.exp(3)))
    assert weight(0.9, 1) == pytest.approx(1 / (1 + math.exp(-4)) / 2)


def test_dgm_draws_in_proportion_to_the_weights():
    pool = candidates((2, 10, 0), (5, 10, 0), (5, 10, 4), (8, 10, 1), (5, 10, 0))
    weights = [weight(c.score.mean, c.children) for c in sorted(pool, key=lambda c: c.number)]
    drawn = frequencies("dgm", pool)
    for number, expected in enumerate(weights):
        assert drawn[f"a{number:04d}"] == pytest.approx(expected / sum(weights), abs=0.015)


def test_told_probability_is_the_true_one():
    pool = candidates((2, 10, 0), (5, 10, 0), (5, 10, 4), (8, 10, 1), (5, 10, 0))
    weights = {c.agent_id: weight(c.score.mean, c.children) for c in pool}
    rng = random.Random(3)
    for _ in range(50):
        choice = select_parent("dgm", pool, rng)
        expected = weights[choice.agent_id] / sum(weights.values())
        assert choice.probability == pytest.approx(expected)


@pytest.mark.parametrize("policy", POLICIES)
def test_agent_that_solves_everything_is_not_eligible(policy):
    pool = candidates((10, 10, 0), (1, 10, 0))
    assert frequencies(policy, pool, 200) == {"a0001": 1.0}


@pytest.mark.parametrize("policy", POLICIES)
def test_archive_with_nothing_unsolved_does_not_crash(policy):
    pool = candidates((10, 10, 0), (10, 10, 0))
    assert set(frequencies(policy, pool, 200)) == {"a0000", "a0001"}


@pytest.mark.parametrize("policy", POLICIES)
def test_seed_alone_is_chosen_even_before_it_is_measured(policy):
    choice = select_parent(policy, candidates((0, 0, 0)), random.Random(0))
    assert (choice.agent_id, choice.probability) == ("a0000", 1.0)


def test_random_is_uniform():
    drawn = frequencies("random", candidates((0, 10, 9), (9, 10, 0), (5, 10, 0), (5, 10, 0)))
    assert all(share == pytest.approx(0.25, abs=0.015) for share in drawn.values())


def test_greedy_picks_the_best_not_the_worst():
    drawn = frequencies("greedy", candidates((1, 10, 0), (7, 10, 30), (0, 10, 0)), 100)
    assert drawn == {"a0001": 1.0}


def test_midpoint_of_the_top_three_tells_weak_agents_apart():
    pool = candidates((0, 100, 0), (2, 100, 0), (20, 100, 0), (22, 100, 0), (24, 100, 0))
    weights = [weight(score, 0, midpoint=0.22) for score in (0, 0.02, 0.2, 0.22, 0.24)]
    drawn = frequencies("dgm_top3", pool)
    assert drawn["a0004"] == pytest.approx(weights[4] / sum(weights), abs=0.015)


def test_unknown_policy_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"'best'.*dgm.*random.*greedy"):
        find_policy("best")


def test_empty_archive_is_an_error_of_the_caller():
    with pytest.raises(ValueError, match="no agent is archived"):
        select_parent("dgm", Candidates(), random.Random(0))


def test_same_seed_draws_the_same_parents_however_the_candidates_came_to_be():
    rng = random.Random(5)
    rows = [(rng.randrange(9), 10, rng.randrange(4)) for _ in range(200)]
    rebuilt = candidates(*rows)
    grown = candidates(*[(0, 0, 0)] * 200)
    for candidate in sorted(rebuilt, key=lambda _: rng.random()):
        grown.put(candidate)
    first, second = random.Random(11), random.Random(11)
    for _ in range(200):
        assert select_parent("dgm", rebuilt, first) == select_parent("dgm", grown, second)
