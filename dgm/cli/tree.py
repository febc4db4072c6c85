"""`dgm tree`: the archive as a tree."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dgm.cli.arguments import add_json, add_run, reading
from dgm.cli.invocation import how_to_go_on
from dgm.cli.output import fitted, folded, one_line, say, say_json, seconds, thousands
from dgm.records import AgentState
from dgm.titles import TITLE_CHARS, counted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dgm.report import AgentLine, RunReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_run(parser, as_option=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the tree."""
    from dgm.report import summarise, tree_as_json

    with reading(arguments) as reader:
        report, folder = summarise(reader), reader.run
    if arguments.json:
        say_json(tree_as_json(report))
        return 0
    say(headline(report))
    for line in tree_lines(report):
        say(fitted(line))
    for line in remarks(report):
        say(line)
    if report.status == "stopped":
        say(f"stopped: {report.why}; {how_to_go_on(folder, report.why)}")
    return 0


def remarks(report: RunReport) -> list[str]:
    """What a reader of the scores should know besides: whose they are."""
    from dgm.report import describe_graders

    return [line for line in (describe_graders(report),) if line]


def headline(report: RunReport) -> str:
    """The run in one line, or in as many as a narrow terminal needs."""
    return folded(
        f"run {report.run}",
        report.status,
        f"{counted(report.children, 'child', 'children')}, "
        f"{report.count(AgentState.ARCHIVED)} archived, "
        f"{report.count(AgentState.REJECTED)} rejected",
        seconds(report.elapsed_s),
        f"{thousands(report.usage.tokens)} tokens",
        f"{report.usage.cost_usd:.2f} USD",
    )


def tree_lines(report: RunReport, only: Collection[str] | None = None) -> list[str]:
    """The tree, one agent a line; `*` marks the best, `+` its ancestors.

    `only` names the agents whose lines are wanted, all by default. One whose parent is not among
    them hangs below its nearest ancestor that is, and `…` stands for those between.
    """
    parents = {line.agent.id: line.agent.parent_id for line in report.agents}
    shown = set(parents if only is None else only)
    children: dict[str | None, list[AgentLine]] = {}
    for line in report.agents:
        if line.agent.id in shown:
            above = _nearest_shown(line.agent.parent_id, parents, shown)
            children.setdefault(above, []).append(line)
    lines: list[str] = []
    stack = [(root, "", "") for root in reversed(children.get(None, []))]
    while stack:
        line, lead, below = stack.pop()
        is_whole = line.agent.parent_id is None or line.agent.parent_id in shown
        gap = "" if is_whole else "… "
        lines.append(f"{_mark(line, report)} {lead}{gap}{describe(line)}")
        own = children.get(line.agent.id, [])
        for position, child in reversed(list(enumerate(own))):
            is_last = position == len(own) - 1
            branch, rest = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
            stack.append((child, below + branch, below + rest))
    return lines


def _nearest_shown(
    agent_id: str | None, parents: Mapping[str, str | None], shown: Collection[str]
) -> str | None:
    while agent_id is not None and agent_id not in shown:
        agent_id = parents[agent_id]
    return agent_id


def _mark(line: AgentLine, report: RunReport) -> str:
    if line.agent.id == report.best_id:
        return "*"
    return "+" if line.agent.id in report.best_lineage else " "


def describe(line: AgentLine) -> str:
    """One agent in one line, the title last: where room is short, that is what can be missed."""
    from dgm.report import describe_conduct, describe_score

    agent = line.agent
    parts = [agent.id, describe_score(line.search)]
    if line.gained or line.lost:
        parts.append(f"+{line.gained} -{line.lost}")
    if line.sealed.attempted:
        parts.append(f"sealed {describe_score(line.sealed)}")
    if line.conduct.is_suspect:
        parts.append(f"CHEATS: {describe_conduct(line.conduct)}")
    if agent.state is AgentState.REJECTED:
        parts.append(f"(rejected: {one_line(agent.reason)})")
    elif agent.state is not AgentState.ARCHIVED:
        parts.append(f"({agent.state})")
    parts.append(one_line(agent.title, TITLE_CHARS) or "(no title yet)")
    return "  ".join(part.strip() for part in parts)
