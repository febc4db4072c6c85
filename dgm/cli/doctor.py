"""`dgm doctor`: which sandboxes work on this machine and what they hold, by small attacks."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dgm.cli.arguments import add_json
from dgm.cli.output import say, say_json

if TYPE_CHECKING:
    from dgm.sandbox.protocol import Probe
    from dgm.wiring import Examined

_FROM_STRONG_TO_WEAK = ("docker", "bubblewrap", "process")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "--sandbox", default="auto", choices=("auto", *_FROM_STRONG_TO_WEAK),
        help="try this one alone (auto: all)",
    )  # fmt: skip
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print each limit of each sandbox; 1 if the best one that works breaks one, or none works."""
    from dgm.wiring import examine

    is_all = arguments.sandbox == "auto"
    names = _FROM_STRONG_TO_WEAK if is_all else (arguments.sandbox,)
    examined = []
    for name in names:
        examined.append(examine(name))
        if not arguments.json:
            for line in _lines(examined[-1]):
                say(line)
    best = next((each for each in examined if not each.trouble), None)
    if arguments.json:
        chosen = best.sandbox if best else None
        say_json({"chosen": chosen, "sandboxes": [_record(each) for each in examined]})
    elif best and is_all:
        say(f"agents run in: {best.sandbox}")
    return 0 if best and all(probe.holds for probe in best.probes) else 1


def _lines(examined: Examined) -> Iterator[str]:
    if examined.trouble:
        yield f"{examined.sandbox}: cannot work here: {examined.trouble}"
        return
    broken = sum(not probe.holds for probe in examined.probes)
    strength = "strong" if examined.is_strong else "weak"
    yield f"{examined.sandbox} ({strength}): {len(examined.probes) - broken} limits in force" + (
        f", {broken} not" if broken else ""
    )
    for probe in examined.probes:
        state = "in force" if probe.holds else "BROKEN  "
        yield f"  {state}  {probe.name:24} {probe.detail}".rstrip()
        if not probe.holds:
            yield f"            {'':24} fix: {probe.remedy}"


def _record(examined: Examined) -> dict[str, object]:
    return {
        "sandbox": examined.sandbox,
        "works": not examined.trouble,
        "trouble": examined.trouble,
        "strong": examined.is_strong,
        "probes": [_probe_record(probe) for probe in examined.probes],
    }


def _probe_record(probe: Probe) -> dict[str, object]:
    return {
        "name": probe.name,
        "holds": probe.holds,
        "detail": probe.detail,
        "remedy": probe.remedy,
    }
