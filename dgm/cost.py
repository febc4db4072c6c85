"""What a run has spent, holds reserved, and has left: by agent, step and model.

Rows tell what finished rollouts cost; transcripts tell it of those under way, or cut short by a
kill. Every number can be recomputed from them; nothing is stored twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dgm.archive.reader import RunReader
from dgm.ceilings import CeilingSettings
from dgm.config import Config
from dgm.gateway.prices import Prices
from dgm.gateway.transcript import spent_and_reserved
from dgm.records import Ceiling, Purpose, Usage


@dataclass(frozen=True, slots=True)
class Spending:
    """What one agent, step or model accounts for; `saved_usd` is what provider caches saved."""

    usage: Usage = field(default_factory=Usage)
    saved_usd: float = 0.0

    def __add__(self, other: Spending) -> Spending:
        return Spending(self.usage + other.usage, self.saved_usd + other.saved_usd)


@dataclass(frozen=True, slots=True)
class RunCost:
    """The books of a run. `spent` is settled, `reserved` is held by calls under way.

    `left` holds the bounded accounts alone: `run`, and steps by name.
    """

    run: str
    spent: Spending
    reserved: Usage
    left: Mapping[str, Ceiling]
    by_model: Mapping[str, Spending]
    by_step: Mapping[str, Spending]
    by_agent: Mapping[str, Spending]


def cost_of(reader: RunReader, config: Config, prices: Prices) -> RunCost:
    """Reduce a run, live or finished, to its books.

    Raises: ModelUnusableError if a model it used has no price.
    """
    reserved: dict[str, Usage] = {}
    total = Spending()
    books: tuple[dict[str, Spending], ...] = ({}, {}, {})
    for agent_id, step, usage, held in _entries(reader):
        model = model_of(step, config)
        spending = Spending(usage, prices.of(model).saved_usd(usage))
        total += spending
        reserved[step] = reserved.get(step, Usage()) + held
        for book, name in zip(books, (model, step, agent_id), strict=True):
            book[name] = book.get(name, Spending()) + spending
    taken = {step: reserved[step] + spending.usage for step, spending in books[1].items()}
    held = sum(reserved.values(), Usage())
    return RunCost(
        reader.run.name, total, held, _left(config, total.usage + held, taken),
        *(dict(sorted(book.items())) for book in books),
    )  # fmt: skip


def model_of(step: str, config: Config) -> str:
    """The model that a step of a run asks."""
    return config.model.diagnosis_name if step == Purpose.DIAGNOSE else config.model.name


def _entries(reader: RunReader) -> list[tuple[str, str, Usage, Usage]]:
    """Agent, step, what was spent, and what is reserved, of everything that asked a model."""
    entries = [(agent, step, usage, Usage()) for agent, step, usage in reader.spending()]
    for rollout_id, agent_id, step in reader.running_work():
        transcript = reader.run.rollout(rollout_id) / "transcript.jsonl"
        entries.append((agent_id, step, *spent_and_reserved(transcript)))
    return entries


def _left(config: Config, taken: Usage, by_step: Mapping[str, Usage]) -> dict[str, Ceiling]:
    accounts: dict[str, tuple[CeilingSettings, Usage]] = {"run": (config.budget, taken)}
    for step, settings in config.steps.items():
        accounts[step] = settings, by_step.get(step, Usage())
    left = {name: _rest(settings.as_ceiling(), used) for name, (settings, used) in accounts.items()}
    return {name: ceiling for name, ceiling in left.items() if ceiling != Ceiling()}


def _rest(ceiling: Ceiling, used: Usage) -> Ceiling:
    def rest(name: str) -> float | None:
        most = getattr(ceiling, name)
        return None if most is None else max(0, most - getattr(used, name))

    return Ceiling(**{name: rest(name) for name in Ceiling.__dataclass_fields__})  # type: ignore[arg-type]
