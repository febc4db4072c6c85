"""`dgm export`: an agent's repository as files."""

from __future__ import annotations

import argparse

from dgm.cli.arguments import add_agent, add_run, code_of, filled_path, reading
from dgm.cli.output import say
from dgm.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_agent(parser)
    parser.add_argument(
        "--to", type=filled_path, required=True, metavar="DIR", help="a new or empty folder"
    )
    add_run(parser, as_option=True)


def run(arguments: argparse.Namespace) -> int:
    """Lay the agent out."""
    to = arguments.to
    if to.exists() and not to.is_dir():
        raise UserError(f"--to {to} is a file; name a new folder")
    with reading(arguments) as reader:
        agent = reader.tree().resolve(arguments.agent)
        tree_hash = code_of(agent)
        try:
            reader.repository.export(tree_hash, to)
        except OSError as error:
            raise UserError(
                f"--to {to} cannot be written: {error.strerror}; name another folder"
            ) from None
    say(f"{agent.id} is in {to}")
    return 0
