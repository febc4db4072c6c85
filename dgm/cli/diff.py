"""`dgm diff`: what an agent changed."""

from __future__ import annotations

import argparse

from dgm.cli.arguments import add_agent, add_json, add_run, code_of, reading
from dgm.cli.output import remark, say_json, say_patch


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
        trees = code_of(other), code_of(agent)
        patch = reader.repository.diff(*trees)
        files = reader.repository.changed_files(*trees)
    if arguments.json:
        say_json({"from": other.id, "to": agent.id, "files": list(files), "diff": patch})
    elif patch:
        say_patch(patch.encode())
    else:
        remark(f"{other.id} and {agent.id} have the same code")
    return 0
