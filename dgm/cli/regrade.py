"""`dgm regrade`: a run's stored patches before the present grader; no agent runs."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from dgm.cli.arguments import add_json, add_run, add_sandbox, sandbox_settings
from dgm.cli.output import remark, say, say_json
from dgm.titles import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dgm.archive.store import Store
    from dgm.config import Config
    from dgm.records import Rollout
    from dgm.regrade import Plan
    from dgm.steps.laboratory import Laboratory

Pair = tuple["Rollout", "Rollout"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_run(parser, as_option=False)
    parser.add_argument(
        "--dry-run", action="store_true", help="say what is to be graded, and do nothing"
    )
    parser.add_argument(
        "--again", action="store_true",
        help="grade by the same grader once more, keep nothing, and tell differences",
    )  # fmt: skip
    parser.add_argument("--workers", metavar="N", help="gradings at a time")
    add_sandbox(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Grade; 1 if a patch was lost, or the same grader said something else."""
    from dgm.archive.layout import find_run
    from dgm.archive.store import Store
    from dgm.config import read_config
    from dgm.regrade import plan_again, plan_regrading
    from dgm.wiring import open_laboratory

    settings = sandbox_settings(arguments)
    if arguments.workers is not None:
        settings.append(f"workers={arguments.workers}")
    folder = find_run(arguments.archive, arguments.run).path
    with Store.open(folder) as store:
        config = read_config(store.settings, settings)
        with open_laboratory(config, folder, tell_sandbox=remark, asks_models=False) as lab:
            plan = (plan_again if arguments.again else plan_regrading)(lab, store)
            if not arguments.json:
                _announce(store.run.name, plan, is_again=arguments.again)
            pairs: list[Pair] = []
            if not arguments.dry_run:
                grade = _again if arguments.again else _regrade
                pairs = grade(config, lab, store, plan, is_told=not arguments.json)
    if arguments.json:
        say_json(_as_json(store.run.name, plan, pairs))
    elif not arguments.dry_run and not plan.is_idle:
        say(_summary(plan, pairs, is_again=arguments.again))
    differ = any(before.outcome is not now.outcome for before, now in pairs)
    return 1 if plan.lost or (arguments.again and differ) else 0


def _announce(name: str, plan: Plan, *, is_again: bool) -> None:
    """Say first what there is to do."""
    for result, why in plan.lost:
        say(f"{result.id}  {result.task_id}  cannot be graded again: {why}")
    patches = sum(one.unit.work.patch_bytes > 0 for one in plan.stale)
    to_do = f"{counted(len(plan.stale), 'result')}, {counted(patches, 'patch', 'patches')} to grade"
    if is_again:
        say(f"run {name}: {to_do} by the same grader {plan.now} again; nothing will be kept")
    elif plan.is_idle:
        say(
            f"run {name}: nothing to do, its results are by the present grader {plan.now}; "
            "--again grades once more, and tells differences"
        )
    else:
        done = f", {plan.done:,} done before" if plan.done else ""
        say(
            f"run {name}: grader {plan.before} counts, grader {plan.now} is new; {to_do}{done}; "
            "no agent runs, 0.00 USD"
        )


def _regrade(
    config: Config, lab: Laboratory, store: Store, plan: Plan, *, is_told: bool
) -> list[Pair]:
    """Grade what is missing, store it, and let it count when nothing is missing any more."""
    from dgm.fanout import ThreadFanOut
    from dgm.measure import measure
    from dgm.records import Rollout
    from dgm.wiring import settle

    if plan.is_idle:
        return []
    usage_of = settle(lab, store)
    before = {one.unit.key: one.result for one in plan.stale}
    units = [one.unit for one in plan.stale]
    with ThreadFanOut[Rollout](config.workers) as fanout:
        rows = measure(lab, store, fanout, units, usage_of)
        pairs = _told(((before[row.key], row) for row in rows), is_told=is_told)
    store.count_grader(plan.now)
    return [(result, now) for result, now in pairs if now.outcome.is_evidence]


def _again(
    config: Config, lab: Laboratory, store: Store, plan: Plan, *, is_told: bool
) -> list[Pair]:
    """Grade everything once more and keep nothing."""
    from dgm.fanout import ThreadFanOut
    from dgm.records import Rollout
    from dgm.regrade import grade_again

    del store
    with ThreadFanOut[Rollout](config.workers) as fanout:
        return _told(grade_again(lab, fanout, plan.stale), is_told=is_told)


def _told(pairs: Iterable[Pair], *, is_told: bool) -> list[Pair]:
    told = []
    for before, now in pairs:
        told.append((before, now))
        if is_told:
            is_same = before.outcome is now.outcome
            change = f"the same: {now.outcome}" if is_same else f"{before.outcome} > {now.outcome}"
            say(f"{now.id}  {before.agent_id} on {now.task_id:32} {change}  {now.detail}".rstrip())
            sys.stdout.flush()
    return told


def _summary(plan: Plan, pairs: list[Pair], *, is_again: bool) -> str:
    differ = sum(before.outcome is not now.outcome for before, now in pairs)
    graded = f"{counted(len(pairs), 'result')} graded again, {differ:,} came out differently"
    if is_again:
        return graded
    lost = f", {counted(len(plan.lost), 'result')} lost with the patch" if plan.lost else ""
    return f"{graded}{lost}; scores count grader {plan.now} now"


def _as_json(name: str, plan: Plan, pairs: list[Pair]) -> dict[str, Any]:
    return {
        "run": name,
        "grader": {"before": plan.before, "now": plan.now},
        "to_grade": len(plan.stale),
        "done_before": plan.done,
        "lost": [{"rollout": result.id, "why": why} for result, why in plan.lost],
        "graded": [
            {
                "rollout": now.id,
                "from": now.regraded_from,
                "agent": before.agent_id,
                "task": now.task_id,
                "before": str(before.outcome),
                "now": str(now.outcome),
                "is_same": before.outcome is now.outcome,
                "detail": now.detail,
            }
            for before, now in pairs
        ],
    }
