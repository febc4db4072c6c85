"""`dgm doctor`: what works on this machine, tried by small attacks."""

from __future__ import annotations

import argparse

from dgm.cli.arguments import add_json
from dgm.cli.output import say, say_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--sandbox", default="auto", help="auto, bubblewrap or process")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print each limit and whether it holds; 1 if one does not."""
    from dgm.config import read_config
    from dgm.wiring import open_sandboxes

    config = read_config("", [f"sandbox.driver={arguments.sandbox}"])
    with open_sandboxes(config) as sandboxes:
        probes = sandboxes.probe()
    failed = [probe for probe in probes if not probe.holds]
    if arguments.json:
        say_json(
            {
                "sandbox": sandboxes.name,
                "strong": sandboxes.is_strong,
                "probes": [
                    {"name": p.name, "holds": p.holds, "detail": p.detail, "remedy": p.remedy}
                    for p in probes
                ],
            }
        )
        return 1 if failed else 0
    say(f"sandbox: {sandboxes.name} ({'strong' if sandboxes.is_strong else 'weak'})")
    for probe in probes:
        say(f"  {'holds ' if probe.holds else 'BROKEN'}  {probe.name:28} {probe.detail}")
        if not probe.holds:
            say(f"          {probe.remedy}")
    return 1 if failed else 0
