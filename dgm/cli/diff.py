"""`dgm diff`: what an agent changed."""

from __future__ import annotations

import argparse

from dgm.cli.arguments import add_agent, add_json, add_run, reading
from dgm.cli.output import say, say_json
from dgm.errors import ArchiveError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_agent(parser)
    parser.add_argument("other", nargs="?", metavar="OTHER", help="default: its parent")
    add_run(parser, as_option=True)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the difference from the other agent to this one."""
    with reading(arguments) as reader:
        tree = reader.tree()
        agent = tree.resolve(arguments.agent)
        other = tree.resolve(arguments.other or agent.parent_id or agent.id)
        for each in (agent, other):
            if each.tree_hash is None:
                raise ArchiveError(f"agent {each.id} has no code: {each.reason or each.state}")
        repository = reader.repository
        patch = repository.diff(other.tree_hash or "", agent.tree_hash or "")
        files = repository.changed_files(other.tree_hash or "", agent.tree_hash or "")
    if arguments.json:
        say_json({"from": other.id, "to": agent.id, "files": list(files), "diff": patch})
    else:
        say(patch.rstrip("\n") or f"{other.id} and {agent.id} have the same code")
    return 0
