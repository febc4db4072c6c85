"""The short report at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dgm.cli.output import seconds, thousands
from dgm.cli.tree import headline, tree_lines
from dgm.records import Outcome, Split

if TYPE_CHECKING:
    from dgm.archive.reader import RunReader
    from dgm.report import RunReport

SEED = "a0000"


def closing_report(reader: RunReader) -> list[str]:
    """Tree, best agent, what it changed, sealed scores, cost, and where to look further."""
    from dgm.report import summarise

    report = summarise(reader)
    lines = ["", headline(report), *tree_lines(report)]
    if report.best_id is not None:
        lines += ["", *_best(reader, report, report.best_id)]
    return [
        *lines,
        "",
        f"time {seconds(report.elapsed_s)}, {thousands(report.usage.tokens)} tokens in "
        f"{thousands(report.usage.calls)} calls, {report.usage.cost_usd:.2f} USD",
        *_further(report),
    ]


def _best(reader: RunReader, report: RunReport, best_id: str) -> list[str]:
    lineage = reader.tree().lineage(best_id)
    changes = [f"  {agent.id}  {agent.title}" for agent in lineage[1:]]
    return [
        f"best agent: {best_id}",
        *(changes or ["  the seed agent itself"]),
        *_sealed(reader, report, best_id),
    ]


def _sealed(reader: RunReader, report: RunReport, best_id: str) -> list[str]:
    from dgm.estimates import compare
    from dgm.report import describe_score

    seed, best = report.line(SEED).sealed, report.line(best_id).sealed
    if not seed.attempted or not best.attempted:
        return ["  not measured on the sealed tasks yet"]
    lines = [f"on the {seed.attempted} sealed tasks, which the search never saw:"]
    lines.append(f"  seed  {describe_score(seed)}")
    if best_id != SEED:
        comparison = compare(_solved(reader, best_id), _solved(reader, SEED))
        difference = round(100 * (best.mean - seed.mean))
        lines.append(f"  best  {describe_score(best)}")
        lines.append(
            f"  {difference:+d} points, {comparison.verdict} (McNemar p = {comparison.p_value:.3f})"
        )
    return lines


def _solved(reader: RunReader, agent_id: str) -> dict[str, bool]:
    rollouts = reader.evaluations(agent_id, Split.SEALED)
    return {rollout.task_id: rollout.outcome is Outcome.SOLVED for rollout in rollouts}


def _further(report: RunReport) -> list[str]:
    run = report.run
    return [
        "",
        f"dgm tree {run}    dgm show best --run {run}    dgm diff best seed --run {run}",
        f"dgm replay best --run {run}    dgm export best --to DIR",
        "dgm run best --repo PATH --problem TEXT",
    ]
