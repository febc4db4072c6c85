"""`dgm export`: an agent's repository as files."""

from __future__ import annotations

import argparse
from pathlib import Path

from dgm.cli.arguments import add_agent, add_run, code_of, reading
from dgm.cli.output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_agent(parser)
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="an empty folder")
    add_run(parser, as_option=True)


def run(arguments: argparse.Namespace) -> int:
    """Lay the agent out."""
    with reading(arguments) as reader:
        agent = reader.tree().resolve(arguments.agent)
        reader.repository.export(code_of(agent), arguments.to)
    say(f"{agent.id} is in {arguments.to}")
    return 0
