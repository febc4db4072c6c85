"""`dgm tree`: the archive as a tree."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dgm.cli.arguments import add_json, add_run, reading
from dgm.cli.output import fitted, one_line, say, say_json, seconds, thousands
from dgm.records import AgentState
from dgm.titles import TITLE_CHARS

if TYPE_CHECKING:
    from collections.abc import Collection

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
        say(fitted(line))
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


def tree_lines(report: RunReport, only: Collection[str] | None = None) -> list[str]:
    """The tree, one agent a line; `*` marks the best, `+` its ancestors.

    `only` names the agents whose lines are wanted, all by default.
    """
    children: dict[str | None, list[AgentLine]] = {}
    for line in report.agents:
        children.setdefault(line.agent.parent_id, []).append(line)
    lines: list[str] = []
    stack = [(root, "", "") for root in reversed(children.get(None, []))]
    while stack:
        line, lead, below = stack.pop()
        if only is None or line.agent.id in only:
            lines.append(f"{_mark(line, report)} {lead}{describe(line)}")
        own = children.get(line.agent.id, [])
        for position, child in reversed(list(enumerate(own))):
            is_last = position == len(own) - 1
            branch, rest = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
            stack.append((child, below + branch, below + rest))
    return lines


def _mark(line: AgentLine, report: RunReport) -> str:
    if line.agent.id == report.best_id:
        return "*"
    return "+" if line.agent.id in report.best_lineage else " "


def describe(line: AgentLine) -> str:
    """One agent in one line."""
    from dgm.report import describe_score

    agent = line.agent
    parts = [agent.id, describe_score(line.search)]
    if line.gained or line.lost:
        parts.append(f"+{line.gained} -{line.lost}")
    if line.sealed.attempted:
        parts.append(f"sealed {describe_score(line.sealed)}")
    parts.append(one_line(agent.title, TITLE_CHARS) or "(no title yet)")
    if agent.state is AgentState.REJECTED:
        parts.append(f"(rejected: {one_line(agent.reason)})")
    elif agent.state is not AgentState.ARCHIVED:
        parts.append(f"({agent.state})")
    return "  ".join(part.strip() for part in parts)
