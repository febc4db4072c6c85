"""How sure the counts make us: intervals, posteriors, and paired comparison. Pure functions.

Several attempts at one task are taken for one: they tell little of other tasks. So however many
there are, a score is never surer than by its number of tasks.

Wilson interval     E. B. Wilson, JASA 22 (1927)
posterior           p | s, f ~ Beta(1 + s, 1 + f): uniform prior, s solved, f failed
I_x(a, b)           regularised incomplete beta by Lentz's continued fraction (DLMF 8.17.22)
McNemar, exact      of the b + c discordant pairs, b ~ Binomial(b + c, 1/2)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import comb, exp, lgamma, log, log1p, sqrt
from statistics import NormalDist
from typing import NamedTuple

from dgm.records import Score

_TINY = 1e-300
_CONVERGED = 1e-16
_FRACTION_TERMS = 10_000


class Interval(NamedTuple):
    """A closed range within [0, 1]."""

    low: float
    high: float


def wilson_interval(score: Score, confidence: float = 0.95) -> Interval:
    """Bound the true rate behind `score`; [0, 1] when nothing was attempted."""
    n = _independent(score)
    if n == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    scale = 1 + z * z / n
    centre = (score.mean + z * z / (2 * n)) / scale
    half = z / scale * sqrt(score.mean * (1 - score.mean) / n + z * z / (4 * n * n))
    low = 0.0 if score.solved == 0 else centre - half
    high = 1.0 if score.solved == score.attempted else centre + half
    return Interval(low, high)


def posterior_quantile(score: Score, probability: float) -> float:
    """Return the rate below which the true one lies with this probability."""
    n = _independent(score)
    solved = n * score.solved / (score.attempted or 1)
    return beta_quantile(probability, 1 + solved, 1 + n - solved)


def _independent(score: Score) -> int:
    return score.tasks or score.attempted


def cautious_rate(score: Score) -> float:
    """Return the 1 % posterior quantile, by which the best agent is chosen.

    Few attempts count for little: 1 of 1 ranks below 6 of 10. Source: Huxley-Gödel Machine
    (arXiv 2510.21614), final selection.
    """
    return posterior_quantile(score, 0.01)


def beta_cdf(x: float, a: float, b: float) -> float:
    """Return I_x(a, b), the chance that a Beta(a, b) variable is at most x; a, b > 0."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast only on this side
        return 1.0 - beta_cdf(1.0 - x, b, a)
    front = exp(a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b))
    return front / (a * _beta_fraction(x, a, b))


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Return the x with I_x(a, b) = probability, by bisection to the last bit.

    Raises: ValueError for a probability outside [0, 1].
    """
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"a probability lies in [0, 1], not {probability}")
    if probability in (0.0, 1.0):
        return probability
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        if beta_cdf(middle, a, b) < probability:
            low = middle
        else:
            high = middle
    return high


def _beta_fraction(x: float, a: float, b: float) -> float:
    """Evaluate 1 + d1/(1 + d2/(1 + ...)) by the modified Lentz method."""
    value, c, d = 1.0, 1.0, 0.0
    for n in range(1, _FRACTION_TERMS):
        m = n // 2
        if n % 2:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1.0 / ((1.0 + numerator * d) or _TINY)
        c = (1.0 + numerator / c) or _TINY
        value *= c * d
        if abs(c * d - 1.0) <= _CONVERGED:
            break
    return value


def mcnemar_exact(won: int, lost: int) -> float:
    """Return the two-sided p-value of `won` against `lost` discordant pairs; 1.0 for none."""
    n = won + lost
    tail = sum(comb(n, k) for k in range(min(won, lost) + 1))
    return min(1.0, 2 * tail / (1 << n))


def mean_difference(child: Mapping[str, Score], parent: Mapping[str, Score]) -> float | None:
    """Return the mean, over the tasks both attempted, of the child's rate less the parent's.

    None if they share no task.
    """
    both = [(child[task], parent[task]) for task in child if task in parent]
    differences = [
        Fraction(own.solved, own.attempted) - Fraction(other.solved, other.attempted)
        for own, other in both
        if own.attempted and other.attempted
    ]
    return float(sum(differences) / len(differences)) if differences else None


class Verdict(StrEnum):
    """What a paired comparison can honestly say."""

    BETTER = "better"
    WORSE = "worse"
    NOT_DISTINGUISHABLE = "not distinguishable"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two agents on the tasks both attempted: `won` and `lost` count those where they differ."""

    verdict: Verdict
    pairs: int
    won: int
    lost: int
    p_value: float


def compare(
    child: Mapping[str, bool], parent: Mapping[str, bool], significance: float = 0.05
) -> Comparison:
    """Compare solved (True) and failed tasks; those attempted by one side only are left out."""
    pairs = [(child[task], parent[task]) for task in child if task in parent]
    won = pairs.count((True, False))
    lost = pairs.count((False, True))
    p_value = mcnemar_exact(won, lost)
    verdict = Verdict.NOT_DISTINGUISHABLE
    if p_value < significance:
        verdict = Verdict.BETTER if won > lost else Verdict.WORSE
    return Comparison(verdict, len(pairs), won, lost, p_value)
