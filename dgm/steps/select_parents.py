"""Choose the next parent. Pure: the candidates and the source of chance are arguments.

    w_i = sigmoid(10 * (score_i - midpoint)) / (1 + n_i)        n_i: archived children of i

Source: Darwin Gödel Machine (arXiv 2505.22954), appendix on parent selection; midpoint 0.5.
`dgm_top3` takes the mean of the three best scores as midpoint instead, as HyperAgents (arXiv
2603.19461) does, because 0.5 is nearly flat for weak populations.

Agents that solve everything have nothing to learn from and are not eligible. If no other is left,
all candidates are: a run that is done goes on as a random walk rather than crash.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp
from typing import TypeAlias

from dgm.archive.candidates import Candidates, Rank
from dgm.errors import ConfigError

_STEEPNESS = 10.0


@dataclass(frozen=True, slots=True)
class ParentChoice:
    """The chosen parent, and the probability it had of being chosen."""

    agent_id: str
    probability: float


Weigher: TypeAlias = Callable[[Candidates, Sequence[Rank]], Sequence[float]]
"""Weighs one candidate of each rank; equal ranks weigh the same under every policy here."""


def select_parent(policy: str, candidates: Candidates, rng: random.Random) -> ParentChoice:
    """Draw one parent, with replacement.

    Raises: ConfigError for an unknown policy; ValueError if there are no candidates.
    """
    if not candidates:
        raise ValueError("no agent is archived, so none can be chosen as parent")
    weigh = find_policy(policy)
    ranks = [rank for rank in candidates.ranks() if rank.mean < 1.0] or candidates.ranks()
    weights = weigh(candidates, ranks)
    sizes = [candidates.size(rank) for rank in ranks]
    upto = list(accumulate(weight * size for weight, size in zip(weights, sizes, strict=True)))
    chosen = rng.choices(range(len(ranks)), cum_weights=upto)[0]
    member = candidates.member(ranks[chosen], rng.randrange(sizes[chosen]))
    return ParentChoice(member.agent_id, weights[chosen] / upto[-1])


def find_policy(name: str) -> Weigher:
    """Return the policy of that name.

    Raises: ConfigError that lists the names.
    """
    if name not in POLICIES:
        raise ConfigError(f"unknown policy {name!r}; choose one of: {', '.join(POLICIES)}")
    return POLICIES[name]


def weight(score: float, children: int, midpoint: float = 0.5) -> float:
    """Return w_i of the formula above."""
    return 1.0 / (1.0 + exp(-_STEEPNESS * (score - midpoint))) / (1 + children)


def _by_score_and_children(_: Candidates, ranks: Sequence[Rank]) -> Sequence[float]:
    return [weight(rank.mean, rank.children) for rank in ranks]


def _around_the_top_three(candidates: Candidates, ranks: Sequence[Rank]) -> Sequence[float]:
    best: list[float] = []
    for rank in reversed(candidates.ranks()):
        best += [rank.mean] * min(3 - len(best), candidates.size(rank))
    midpoint = sum(best) / len(best)
    return [weight(rank.mean, rank.children, midpoint) for rank in ranks]


def _all_alike(_: Candidates, ranks: Sequence[Rank]) -> Sequence[float]:
    return [1.0] * len(ranks)


def _best_only(_: Candidates, ranks: Sequence[Rank]) -> Sequence[float]:
    best = max(rank.mean for rank in ranks)
    return [float(rank.mean == best) for rank in ranks]


POLICIES: Mapping[str, Weigher] = {
    "dgm": _by_score_and_children,
    "dgm_top3": _around_the_top_three,
    "random": _all_alike,
    "greedy": _best_only,
}
