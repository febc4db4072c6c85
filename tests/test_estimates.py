import math
import random

import pytest

from dgm.estimates import (
    Comparison,
    Verdict,
    beta_cdf,
    beta_quantile,
    cautious_rate,
    compare,
    mcnemar_exact,
    mean_difference,
    posterior_quantile,
    wilson_interval,
)
from dgm.records import Score


@pytest.mark.parametrize("score", [Score(0, 0), Score(0, 5), Score(5, 5), Score(1, 1_000_000)])
def test_intervals_stay_within_bounds_and_hold_the_mean(score):
    interval = wilson_interval(score)
    assert 0.0 <= interval.low < interval.high <= 1.0
    if score.attempted:
        assert wilson_interval(score).low <= score.mean <= wilson_interval(score).high


def test_wilson_interval_has_known_values():
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, and 0 of 20.
    low, high = wilson_interval(Score(81, 263))
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    low, high = wilson_interval(Score(0, 20))
    assert low == 0.0
    assert round(high, 4) == 0.1611


def test_wilson_bounds_solve_their_equation():
    score, z = Score(7, 24), 1.959963984540054
    for p in wilson_interval(score):
        assert abs(score.mean - p) == pytest.approx(z * math.sqrt(p * (1 - p) / 24), abs=1e-12)


def binomial_tail(a, b, x):
    """I_x(a, b) for whole a, b, as an exact sum."""
    n = a + b - 1
    return math.fsum(math.comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))


def test_beta_cdf_agrees_with_the_binomial_sum():
    rng = random.Random(1)
    for _ in range(300):
        a, b, x = rng.randint(1, 80), rng.randint(1, 80), rng.random()
        assert beta_cdf(x, a, b) == pytest.approx(binomial_tail(a, b, x), abs=1e-11)


def test_beta_cdf_has_closed_forms():
    for x in (0.001, 0.2, 0.5, 0.77, 0.999):
        assert beta_cdf(x, 0.5, 0.5) == pytest.approx(
            2 / math.pi * math.asin(math.sqrt(x)), abs=1e-12
        )
        assert beta_cdf(x, 3.5, 1) == pytest.approx(x**3.5, abs=1e-12)
        assert beta_cdf(x, 1, 2.25) == pytest.approx(1 - (1 - x) ** 2.25, abs=1e-12)
    assert (beta_cdf(-1.0, 2, 3), beta_cdf(0.0, 2, 3)) == (0.0, 0.0)
    assert (beta_cdf(1.0, 2, 3), beta_cdf(2.0, 2, 3)) == (1.0, 1.0)


def test_beta_cdf_holds_for_large_counts():
    # For a = b the median is 1/2; for large counts the tail is that of a normal variable.
    assert beta_cdf(0.5, 50_000, 50_000) == pytest.approx(0.5, abs=1e-9)
    deviation = 0.5 / math.sqrt(100_001)
    assert beta_cdf(0.5 + deviation, 50_000, 50_000) == pytest.approx(0.8413447, abs=1e-5)


def test_beta_quantile_has_closed_forms():
    for p in (0.01, 0.3, 0.5, 0.975):
        assert beta_quantile(p, 1, 1) == pytest.approx(p, abs=1e-12)
        assert beta_quantile(p, 1, 9) == pytest.approx(1 - (1 - p) ** (1 / 9), abs=1e-12)
        assert beta_quantile(p, 7, 1) == pytest.approx(p ** (1 / 7), abs=1e-12)
        assert beta_quantile(p, 0.5, 0.5) == pytest.approx(
            math.sin(math.pi * p / 2) ** 2, abs=1e-12
        )
    assert (beta_quantile(0.0, 2, 3), beta_quantile(1.0, 2, 3)) == (0.0, 1.0)


def test_beta_quantile_undoes_the_cdf():
    rng = random.Random(2)
    for _ in range(50):
        a, b, p = rng.uniform(0.3, 90), rng.uniform(0.3, 90), rng.random()
        assert beta_cdf(beta_quantile(p, a, b), a, b) == pytest.approx(p, abs=1e-9)


def test_impossible_probability_is_refused():
    for probability in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="probability"):
            beta_quantile(probability, 1, 1)


def test_posterior_starts_uniform():
    assert posterior_quantile(Score(0, 0), 0.25) == pytest.approx(0.25)


def test_more_attempts_at_the_same_tasks_make_nobody_surer():
    once, often = Score(2, 2), Score(200, 200, tasks=2)
    assert wilson_interval(often) == wilson_interval(once)
    assert cautious_rate(often) == cautious_rate(once)
    half, halves = Score(10, 20), Score(30, 60, tasks=20)
    assert wilson_interval(halves) == pytest.approx(wilson_interval(half))
    assert cautious_rate(halves) == pytest.approx(cautious_rate(half))


def test_difference_is_paired_by_task():
    child = {"a": Score(1, 1), "b": Score(1, 2), "only the child's": Score(0, 9)}
    parent = {"b": Score(2, 2), "a": Score(1, 1), "only the parent's": Score(9, 9)}
    assert mean_difference(child, parent) == -0.25
    assert mean_difference(parent, child) == 0.25
    assert mean_difference(child, {}) is None
    thirds = {name: Score(n, 3) for n, name in enumerate("abc")}
    assert mean_difference(thirds, {"a": Score(0, 1), "b": Score(0, 1), "c": Score(1, 1)}) == 0.0


def test_few_attempts_rank_below_many_at_the_same_mean():
    ranked = sorted([Score(1, 1), Score(6, 10), Score(36, 60), Score(0, 0)], key=cautious_rate)
    assert ranked == [Score(0, 0), Score(1, 1), Score(6, 10), Score(36, 60)]


def test_mcnemar_is_the_exact_binomial_test():
    assert mcnemar_exact(0, 0) == 1.0
    assert mcnemar_exact(6, 0) == mcnemar_exact(0, 6) == 2 / 64
    assert mcnemar_exact(5, 5) == 1.0
    assert mcnemar_exact(9, 1) == pytest.approx(22 / 1024)
    assert mcnemar_exact(3_000, 2_000) < 1e-40


def outcomes(solved, failed):
    return {**dict.fromkeys(solved, True), **dict.fromkeys(failed, False)}


def test_verdict_needs_enough_discordant_pairs():
    easy = "abcdef"
    child, parent = outcomes(easy + "xyz", ""), outcomes("xyz", easy)
    assert compare(child, parent) == Comparison(Verdict.BETTER, 9, 6, 0, 2 / 64)
    assert compare(parent, child).verdict is Verdict.WORSE
    few = compare(outcomes("abc", ""), outcomes("", "abc"))
    assert (few.verdict, few.won) == (Verdict.NOT_DISTINGUISHABLE, 3)


def test_tasks_only_one_of_them_attempted_are_left_out():
    compared = compare(outcomes("abcdefgh", "z"), outcomes("", "z"))
    assert (compared.pairs, compared.won, compared.verdict) == (1, 0, Verdict.NOT_DISTINGUISHABLE)
