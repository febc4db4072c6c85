"""`dgm tree`: the archive as a tree."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dgm.cli.arguments import add_json, add_run, reading
from dgm.cli.output import say, say_json, seconds, thousands
from dgm.records import AgentState

if TYPE_CHECKING:
    from dgm.report import AgentLine, RunReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_run(parser, as_option=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the tree."""
    from dgm.report import summarise, tree_as_json

    with reading(arguments) as reader:
        report = summarise(reader)
    if arguments.json:
        say_json(tree_as_json(report))
        return 0
    say(headline(report))
    for line in tree_lines(report):
        say(line)
    return 0


def headline(report: RunReport) -> str:
    """The run in one line."""
    return (
        f"run {report.run}  {report.status}  {report.children} children, "
        f"{report.count(AgentState.ARCHIVED)} agents archived, "
        f"{report.count(AgentState.REJECTED)} rejected  "
        f"{seconds(report.elapsed_s)}  {thousands(report.usage.tokens)} tokens  "
        f"{report.usage.cost_usd:.2f} USD"
    )


def tree_lines(report: RunReport) -> list[str]:
    """The tree, one agent a line."""
    children: dict[str | None, list[AgentLine]] = {}
    for line in report.agents:
        children.setdefault(line.agent.parent_id, []).append(line)
    lines: list[str] = []
    stack = [(root, "", "") for root in reversed(children.get(None, []))]
    while stack:
        line, lead, below = stack.pop()
        lines.append(f"{lead}{describe(line, is_best=line.agent.id == report.best_id)}")
        own = children.get(line.agent.id, [])
        for position, child in reversed(list(enumerate(own))):
            is_last = position == len(own) - 1
            branch, rest = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
            stack.append((child, below + branch, below + rest))
    return lines


def describe(line: AgentLine, *, is_best: bool) -> str:
    """One agent in one line."""
    from dgm.report import describe_score

    agent = line.agent
    parts = [agent.id + ("*" if is_best else ""), describe_score(line.search)]
    if line.gained or line.lost:
        parts.append(f"+{line.gained} -{line.lost}")
    if line.sealed.attempted:
        parts.append(f"sealed {describe_score(line.sealed)}")
    parts.append(agent.title or "(no title yet)")
    if agent.state is AgentState.REJECTED:
        parts.append(f"(rejected: {agent.reason})")
    elif agent.state is not AgentState.ARCHIVED:
        parts.append(f"({agent.state})")
    return "  ".join(part.strip() for part in parts)
