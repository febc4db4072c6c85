"""`dgm estimate`: what a run may cost, before anything is paid."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dgm.cli.arguments import add_archive, add_json
from dgm.cli.cost import money
from dgm.cli.evolve import add_settings, settings_of
from dgm.cli.output import say, say_json, table
from dgm.records import Split

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dgm.config import Config
    from dgm.forecast import Cases, Forecast, Tasks
    from dgm.records import Purpose


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_settings(parser)
    parser.add_argument(
        "--like", metavar="RUN", help="take what a rollout uses from this run, not from assumptions"
    )
    add_archive(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the estimate with what it rests on."""
    from dgm.config import load_config
    from dgm.cost import model_of
    from dgm.forecast import forecast
    from dgm.wiring import check_config, priced, prices_of

    config = load_config(arguments.config, settings_of(arguments))
    check_config(config)
    config = priced(config)
    loads = _loads(arguments)
    found = forecast(config, prices_of(config), _tasks(config), model_of, loads)
    if arguments.json:
        say_json(_as_json(config, found, loads, arguments.like))
        return 0
    say("an estimate, no promise; nothing was asked, nothing was paid\n")
    for line in table(_totals(found)):
        say(line)
    for line in _bounds(config, found):
        say(line)
    say("\nlikely, by step")
    for line in table(_steps(found)):
        say(f"  {line}")
    say(f"\nwhat one rollout is taken to use ({_source(arguments.like)}): low, likely, high")
    for line in table(_assumptions(loads)):
        say(f"  {line}")
    for line in _counts(config):
        say(line)
    return 0


def _loads(arguments: argparse.Namespace) -> Mapping[Purpose, Cases]:
    from dgm.archive.layout import find_run
    from dgm.archive.reader import RunReader
    from dgm.forecast import ASSUMED, loads_of

    if arguments.like is None:
        return ASSUMED
    with RunReader.open(find_run(arguments.archive, arguments.like).path) as reader:
        return loads_of(reader)


def _tasks(config: Config) -> Tasks:
    from dgm.forecast import Tasks
    from dgm.wiring import choice_of, open_benchmark
    from dgm.workspaces import Workspaces

    with tempfile.TemporaryDirectory(prefix="dgm-estimate-") as cache:
        benchmark = open_benchmark(
            config.benchmark.name, Workspaces(Path(cache)), choice_of(config)
        )
        search, sealed = benchmark.tasks(Split.SEARCH), benchmark.tasks(Split.SEALED)
        longest = max((task.timeout_s for task in benchmark.tasks()), default=0.0)
        return Tasks(len(search), len(sealed), longest)


def _totals(found: Forecast) -> list[tuple[str, ...]]:
    from dgm.forecast import CASES

    total = found.total
    return [
        ("", *CASES),
        ("rollouts", *(f"{each.rollouts:,.0f}" for each in total)),
        ("calls", *(f"{each.calls:,.0f}" for each in total)),
        ("tokens", *(f"{each.tokens:,.0f}" for each in total)),
        ("USD", *(money(each.cost_usd) for each in total)),
        (f"hours with {found.workers} workers", *(f"{hours:.2f}" for hours in found.hours)),
    ]


def _bounds(config: Config, found: Forecast) -> Iterator[str]:
    """Say which budgets end the run before its high estimate."""
    high, budget = found.total[-1], config.budget
    if budget.usd is not None and high.cost_usd > budget.usd:
        yield f"budget.usd stops the run at {money(budget.usd)} USD"
    if budget.tokens is not None and high.tokens > budget.tokens:
        yield f"budget.tokens stops the run at {budget.tokens:,} tokens"
    if budget.calls is not None and high.calls > budget.calls:
        yield f"budget.calls stops the run at {budget.calls:,} calls"
    if budget.hours is not None and found.hours[-1] > budget.hours:
        yield f"budget.hours begins no child after {budget.hours:g} hours"


def _steps(found: Forecast) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("", "rollouts", "calls", "tokens", "USD")]
    for step, (_, likely, _) in found.steps.items():
        counts = (likely.rollouts, likely.calls, likely.tokens)
        rows.append((str(step), *(f"{each:,.0f}" for each in counts), money(likely.cost_usd)))
    return rows


def _assumptions(loads: Mapping[Purpose, Cases]) -> list[tuple[str, ...]]:
    head = ("", "calls", "tokens in", "of it cached", "tokens out", "seconds")
    rows: list[tuple[str, ...]] = [head]
    for step, cases in loads.items():
        cells = []
        for name in ("calls", "in", "read", "output_tokens", "seconds"):
            values = []
            for load in cases:
                read = load.cache_read_tokens
                sent = load.input_tokens + read + load.cache_write_tokens
                special = {"in": f"{sent:,.0f}", "read": f"{read / sent if sent else 0:.0%}"}
                values.append(special.get(name) or f"{getattr(load, name):,.0f}")
            cells.append(" ".join(values))
        rows.append((str(step), *cells))
    return rows


def _counts(config: Config) -> Iterator[str]:
    """Say what the number of rollouts rests on."""
    stages, ceiling = config.benchmark.stages, config.rollout.tokens
    impossible = config.benchmark.impossible
    yield (
        f"\n{config.budget.children} children are begun; 50 %, 80 %, 100 % of them work and meet "
        f"{stages[0]} tasks; 0 %, 50 %, 100 % of those meet all {stages[-1]}, as the seed does"
        + (f"; each meets {impossible} impossible ones besides" if impossible else "")
    )
    if ceiling is not None:
        yield (
            f"no rollout uses more than rollout.tokens = {ceiling:,}, or lasts longer than its "
            "time-out: it is cut to that"
        )
    for model, price in config.prices.items():
        cached = price.cache_read_usd_per_mtok
        yield (
            f"{model}: {price.input_usd_per_mtok:g} USD for a million input tokens, "
            f"{price.output_usd_per_mtok:g} of output"
            + (f", {cached:g} of cached input" if cached is not None else "")
        )


def _source(like: str | None) -> str:
    return "assumed; --like RUN measures it" if like is None else f"as in run {like}"


def _as_json(
    config: Config, found: Forecast, loads: Mapping[Purpose, Cases], like: str | None
) -> dict[str, Any]:
    from dgm.forecast import CASES

    def by_case(values: Any) -> dict[str, Any]:  # noqa: ANN401 - a value for each case
        return dict(zip(CASES, values, strict=True))

    return {
        "is_estimate": True,
        "total": by_case(map(asdict, found.total)),
        "hours": by_case(found.hours),
        "steps": {step: by_case(map(asdict, cases)) for step, cases in found.steps.items()},
        "assumptions": {
            "source": like or "assumed",
            "per_rollout": {step: by_case(map(asdict, cases)) for step, cases in loads.items()},
            "workers": config.workers,
            "children": config.budget.children,
        },
        "prices": {model: price.model_dump() for model, price in config.prices.items()},
    }
