"""`dgm cost`: the books of a run."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dgm.cli.arguments import add_json, add_run, reading
from dgm.cli.output import say, say_json, seconds, table, thousands

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dgm.cost import RunCost, Spending
    from dgm.records import Ceiling, Usage

_HEAD = ("", "calls", "reused", "input", "cache read", "cache write", "output", "USD", "saved USD")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_run(parser, as_option=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what was spent, and on what."""
    from dgm.config import read_config
    from dgm.cost import cost_of
    from dgm.wiring import prices_of

    with reading(arguments) as reader:
        config = read_config(reader.settings)
        cost = cost_of(reader, config, prices_of(config))
    if arguments.json:
        say_json(_as_json(cost))
        return 0
    say(f"run {cost.run}")
    for line in _summary(cost):
        say(f"  {line}")
    for title, book in _books(cost).items():
        say(f"\nby {title}")
        for line in table([_HEAD, *(_row(name, spent) for name, spent in book.items())]):
            say(f"  {line}")
    return 0


def _books(cost: RunCost) -> dict[str, Mapping[str, Spending]]:
    return {"model": cost.by_model, "step": cost.by_step, "agent": cost.by_agent}


def _summary(cost: RunCost) -> Iterator[str]:
    usage = cost.spent.usage
    yield f"spent     {_described(usage)}, {seconds(usage.seconds)} of answering"
    yield (
        f"reserved  {_described(cost.reserved)} under way"
        if cost.reserved.calls
        else ("reserved  nothing: no call is under way")
    )
    for account, ceiling in cost.left.items():
        yield f"left      {_left(ceiling)} for {'the run' if account == 'run' else account}"
    if "run" not in cost.left:
        yield "left      no limit was set for the run"
    if usage.cache_read_tokens or usage.cache_write_tokens:
        yield (
            f"cached    {thousands(usage.cache_read_tokens)} tokens read from the providers' "
            f"caches, {thousands(usage.cache_write_tokens)} written: "
            f"{money(cost.spent.saved_usd)} USD saved"
        )
    if usage.reused_calls:
        yield f"reused    {thousands(usage.reused_calls)} calls answered from the response cache"


def _described(usage: Usage) -> str:
    return (
        f"{money(usage.cost_usd)} USD, {thousands(usage.tokens)} tokens in "
        f"{thousands(usage.calls)} calls"
    )


def _left(ceiling: Ceiling) -> str:
    parts = []
    if ceiling.cost_usd is not None:
        parts.append(f"{money(ceiling.cost_usd)} USD")
    if ceiling.tokens is not None:
        parts.append(f"{thousands(ceiling.tokens)} tokens")
    if ceiling.calls is not None:
        parts.append(f"{thousands(ceiling.calls)} calls")
    if ceiling.seconds is not None:
        parts.append(f"{seconds(ceiling.seconds)} of answering")
    return ", ".join(parts)


def _row(name: str, spent: Spending) -> tuple[str, ...]:
    usage = spent.usage
    counts = (
        *(usage.calls, usage.reused_calls, usage.input_tokens),
        *(usage.cache_read_tokens, usage.cache_write_tokens, usage.output_tokens),
    )
    return name, *map(thousands, counts), money(usage.cost_usd), money(spent.saved_usd)


def money(usd: float) -> str:
    """USD as people read them: cents, and more digits where it is less than a dollar."""
    return f"{usd:,.2f}" if abs(usd) >= 1 or not usd else f"{usd:.4f}"


def _as_json(cost: RunCost) -> dict[str, Any]:
    return {
        "run": cost.run,
        "spent": _spent_as_json(cost.spent),
        "reserved": asdict(cost.reserved),
        "left": {account: asdict(ceiling) for account, ceiling in cost.left.items()},
        **{
            f"by_{title}": {name: _spent_as_json(spent) for name, spent in book.items()}
            for title, book in _books(cost).items()
        },
    }


def _spent_as_json(spent: Spending) -> dict[str, Any]:
    return {**asdict(spent.usage), "saved_usd": spent.saved_usd}
