"""What a run may come to before it is begun: calls, tokens, USD and hours, low, likely and high.

An estimate and no promise. The number of rollouts follows from the settings; what one of them uses
is assumed (`ASSUMED`), or measured in an earlier run (`loads_of`). Not covered: failures that are
tried again, and agents that come to use more as they evolve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from dgm.archive.reader import RunReader
from dgm.config import Config
from dgm.gateway.prices import Price, Prices
from dgm.records import Outcome, Purpose, Rollout, Usage

STEPS = (Purpose.DIAGNOSE, Purpose.MODIFY, Purpose.CANARY, Purpose.EVALUATE)
CASES = ("low", "likely", "high")
_VALID_SHARE = (0.5, 0.8, 1.0)
_PROMOTED_SHARE = (0.0, 0.5, 1.0)
_SEALED_AGENTS = (1, 2, 2)


@dataclass(frozen=True, slots=True)
class Load:
    """What one rollout uses on average, all its calls together; seconds from start to end."""

    calls: float
    input_tokens: float
    output_tokens: float
    cache_read_tokens: float = 0.0
    cache_write_tokens: float = 0.0
    seconds: float = 0.0

    @property
    def tokens(self) -> float:
        """All tokens."""
        cached = self.cache_read_tokens + self.cache_write_tokens
        return self.input_tokens + self.output_tokens + cached

    def cost_usd(self, price: Price) -> float:
        """What it costs if all its calls are alike."""
        if not self.calls:
            return 0.0
        parts = (
            *(self.input_tokens, self.output_tokens),
            *(self.cache_read_tokens, self.cache_write_tokens),
        )
        per_call = price.usage(*(round(part / self.calls) for part in parts))
        return self.calls * per_call.cost_usd

    def within(self, tokens: int | None, seconds: float | None) -> Load:
        """Cut it to what a rollout may use, and to the time it has."""
        share = 1.0 if tokens is None or self.tokens <= tokens else tokens / self.tokens
        cut = self.scaled(share)
        return cut if seconds is None else replace(cut, seconds=min(cut.seconds, seconds))

    def scaled(self, share: float) -> Load:
        """Take a share of everything."""
        return Load(*(share * getattr(self, name) for name in self.__dataclass_fields__))


def _assumed(
    calls: int, context: int, answer: int, seconds: float, read: float, written: float
) -> Load:
    """A rollout of calls that each send `context` tokens; `read` and `written` are shares of it."""
    total = calls * context
    return Load(
        calls,
        round(total * (1 - read - written)),
        calls * answer,
        round(total * read),
        round(total * written),
        calls * seconds,
    )


Cases = tuple[Load, Load, Load]
ASSUMED: Mapping[Purpose, Cases] = {
    Purpose.DIAGNOSE: (
        _assumed(1, 8_000, 800, 10, 0.0, 0.0),
        _assumed(1, 15_000, 1_500, 20, 0.0, 0.0),
        _assumed(1, 30_000, 4_096, 60, 0.0, 0.0),
    ),
    Purpose.MODIFY: (
        _assumed(10, 8_000, 300, 4, 0.8, 0.15),
        _assumed(30, 20_000, 500, 8, 0.7, 0.15),
        _assumed(60, 40_000, 800, 15, 0.0, 0.0),
    ),
    Purpose.CANARY: (
        _assumed(3, 3_000, 150, 4, 0.6, 0.3),
        _assumed(6, 5_000, 250, 8, 0.5, 0.3),
        _assumed(12, 8_000, 500, 15, 0.0, 0.0),
    ),
    Purpose.EVALUATE: (
        _assumed(8, 4_000, 200, 4, 0.8, 0.15),
        _assumed(20, 10_000, 400, 8, 0.7, 0.15),
        _assumed(40, 25_000, 800, 15, 0.0, 0.0),
    ),
}


@dataclass(frozen=True, slots=True)
class Tasks:
    """What is known of a benchmark: its tasks on each split, and the longest of their time-outs."""

    search: int
    sealed: int
    timeout_s: float


@dataclass(frozen=True, slots=True)
class StepForecast:
    """One step in one case: how many rollouts, and what they come to together."""

    rollouts: float
    calls: float
    tokens: float
    cost_usd: float
    seconds: float

    def __add__(self, other: StepForecast) -> StepForecast:
        names = self.__dataclass_fields__
        return StepForecast(*(getattr(self, name) + getattr(other, name) for name in names))

    def or_more(self, other: StepForecast) -> StepForecast:
        """Take the larger of each figure."""
        names = self.__dataclass_fields__
        return StepForecast(*(max(getattr(self, name), getattr(other, name)) for name in names))


@dataclass(frozen=True, slots=True)
class Forecast:
    """The steps and their total, a triple each: low, likely, high. `hours` are of `workers`."""

    steps: Mapping[Purpose, tuple[StepForecast, ...]]
    workers: int

    @property
    def total(self) -> tuple[StepForecast, ...]:
        """All steps together, case by case."""
        nothing = StepForecast(0, 0, 0, 0, 0)
        return tuple(
            sum((cases[case] for cases in self.steps.values()), nothing)
            for case in range(len(CASES))
        )

    @property
    def hours(self) -> tuple[float, ...]:
        """How long it takes if no worker ever waits, case by case."""
        return tuple(each.seconds / self.workers / 3600 for each in self.total)


def forecast(
    config: Config,
    prices: Prices,
    tasks: Tasks,
    model_of: Callable[[str, Config], str],
    loads: Mapping[Purpose, Cases] = ASSUMED,
) -> Forecast:
    """Estimate a run; `model_of` says which model a step asks.

    Raises: ModelUnusableError if a model has no price.
    """
    seconds = {
        Purpose.MODIFY: config.rollout.modify_timeout_s,
        Purpose.EVALUATE: tasks.timeout_s,
    }
    steps = {}
    for step in STEPS:
        price = prices.of(model_of(step, config))
        units = _units(step, config, tasks)
        cases = (
            _multiplied(count, load.within(config.rollout.tokens, seconds.get(step)), price)
            for count, load in zip(units, loads[step], strict=True)
        )
        # Each figure by itself: where a ceiling cuts long rollouts, they are made of fewer calls.
        steps[step] = tuple(accumulate(cases, StepForecast.or_more))
    return Forecast(steps, config.workers)


def _multiplied(rollouts: float, load: Load, price: Price) -> StepForecast:
    return StepForecast(
        rollouts,
        rollouts * load.calls,
        rollouts * load.tokens,
        rollouts * load.cost_usd(price),
        rollouts * load.seconds,
    )


def _units(step: Purpose, config: Config, tasks: Tasks) -> tuple[float, ...]:
    children = config.budget.children
    if step in (Purpose.DIAGNOSE, Purpose.MODIFY):
        return (children,) * len(CASES)
    if step is Purpose.CANARY:
        return (children + 1,) * len(CASES)
    first, last = (min(config.benchmark.stages[end], tasks.search) for end in (0, -1))
    first, last = (end + config.benchmark.impossible for end in (first, last))
    shares = zip(_VALID_SHARE, _PROMOTED_SHARE, _SEALED_AGENTS, strict=True)
    return tuple(
        config.benchmark.attempts
        * (last + children * valid * (first + promoted * (last - first)) + finalists * tasks.sealed)
        for valid, promoted, finalists in shares
    )


def loads_of(reader: RunReader) -> dict[Purpose, Cases]:
    """Measure what the rollouts of a run used.

    Likely is the mean over all, low and high are the means of the agents that used least and most.
    A step the run never came to is assumed.
    """
    return {step: _measured(reader.rollouts(purpose=step)) or ASSUMED[step] for step in STEPS}


def _measured(rollouts: Sequence[Rollout]) -> Cases | None:
    by_agent: dict[str, list[Rollout]] = {}
    for rollout in rollouts:
        if rollout.outcome is not Outcome.INFRASTRUCTURE and rollout.usage.calls:
            by_agent.setdefault(rollout.agent_id, []).append(rollout)
    if not by_agent:
        return None
    means = sorted(map(_mean, by_agent.values()), key=lambda load: load.tokens)
    return means[0], _mean([r for own in by_agent.values() for r in own]), means[-1]


def _mean(rollouts: Sequence[Rollout]) -> Load:
    total = sum((rollout.usage for rollout in rollouts), Usage())
    seconds = sum(rollout.total_s for rollout in rollouts)
    load = Load(
        total.calls,
        total.input_tokens,
        total.output_tokens,
        total.cache_read_tokens,
        total.cache_write_tokens,
        seconds,
    )
    return load.scaled(1 / len(rollouts))
