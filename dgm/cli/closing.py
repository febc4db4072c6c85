"""The short report at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dgm.cli.invocation import command, named
from dgm.cli.output import fitted, one_line, seconds
from dgm.cli.standing import SEED
from dgm.cli.tree import headline, remarks, tree_lines
from dgm.records import Outcome, Split
from dgm.titles import counted

if TYPE_CHECKING:
    from dgm.archive.layout import RunFolder
    from dgm.archive.reader import RunReader
    from dgm.report import RunReport


def closing_report(reader: RunReader) -> list[str]:
    """Tree, best agent, what it changed, sealed scores, cost, and where to look further."""
    from dgm.report import summarise

    report = summarise(reader)
    lines = ["", headline(report), *map(fitted, tree_lines(report)), *remarks(report)]
    if report.best_id is not None:
        lines += ["", *_best(reader, report, report.best_id)]
    return [
        *lines,
        "",
        f"time {seconds(report.elapsed_s)}, {counted(report.usage.tokens, 'token')} in "
        f"{counted(report.usage.calls, 'call')}, {report.usage.cost_usd:.2f} USD",
        "",
        *_further(reader.run, is_anything_archived=report.best_id is not None),
    ]


def _best(reader: RunReader, report: RunReport, best_id: str) -> list[str]:
    changed = [report.line(agent_id).agent for agent_id in report.best_lineage[1:]]
    return [
        f"best agent: {best_id}" + (", which changed" if changed else ", the seed agent itself"),
        *(f"  {agent.id}  {one_line(agent.title)}" for agent in changed),
        *(f"  {line}" for line in _change_size(reader, best_id) if changed),
        *_sealed(reader, report, best_id),
        *_conduct(report),
    ]


def _conduct(report: RunReport) -> list[str]:
    """Tell the cheat rate of the best lineage, and of those that cheated."""
    from dgm.report import describe_conduct

    best = report.conduct_of(report.best_lineage)
    if not best.impossible.attempted and not any(a.conduct.is_suspect for a in report.agents):
        return []
    cheats = [line.agent.id for line in report.agents if line.conduct.is_suspect]
    told = f"; cheats: {one_line(', '.join(cheats))}" if cheats else ""
    return [f"along its lineage: {describe_conduct(best)}{told}"]


def _change_size(reader: RunReader, best_id: str) -> list[str]:
    seed, best = reader.agent(SEED).tree_hash or "", reader.agent(best_id).tree_hash or ""
    files = reader.repository.changed_files(seed, best)
    lines = reader.repository.diff(seed, best).splitlines()
    added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("---") for line in lines)
    return [f"+{added} -{removed} lines against the seed, in {one_line(', '.join(files))}"]


def _sealed(reader: RunReader, report: RunReport, best_id: str) -> list[str]:
    from dgm.estimates import compare
    from dgm.report import describe_score

    seed, best = report.line(SEED).sealed, report.line(best_id).sealed
    if not seed.attempted or not best.attempted:
        return ["not measured on the sealed tasks yet"]
    lines = [
        f"on the {counted(seed.attempted, 'sealed task')}, which the search never saw:",
        f"  seed  {describe_score(seed)}",
    ]
    if best_id == SEED:
        return lines
    paired = compare(_solved(reader, best_id), _solved(reader, SEED))
    points = round(100 * (best.mean - seed.mean))
    return [
        *lines,
        f"  best  {describe_score(best)}",
        f"  {points:+d} points, {paired.verdict} (McNemar p = {paired.p_value:.3f})",
    ]


def _solved(reader: RunReader, agent_id: str) -> dict[str, bool]:
    rollouts = reader.evaluations(agent_id, Split.SEALED)
    return {rollout.task_id: rollout.outcome is Outcome.SOLVED for rollout in rollouts}


def _further(run: RunFolder, *, is_anything_archived: bool) -> list[str]:
    """Commands that work as they stand, wherever the run lies."""
    here = named(run)
    if not is_anything_archived:
        return [
            "nothing is archived yet; to look further:",
            f"  {command('tree', here)}",
            f"  {command('show', 'seed', '--run', here)}",
        ]
    everywhere = ("--run", str(run.path.absolute()))
    exported = run.path.parent / f"{run.name}-best"  # git ignores what lies in the archive
    problem = ("--problem", "mend what the tests complain about")
    return [
        "to look further:",
        f"  {command('tree', here)}",
        f"  {command('show', 'best', '--run', here)}",
        f"  {command('diff', 'best', 'seed', '--run', here)}",
        f"  {command('log', 'best', 'canary', '--run', here)}",
        f"  {command('replay', 'best', 'canary', '--run', here)}",
        f"  {command('export', 'best', '--to', str(exported), '--run', here)}",
        "in a repository of yours, to put it to work there:",
        f"  {command('run', 'best', '--repo', '.', *problem, *everywhere)}",
    ]
