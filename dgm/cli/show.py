"""`dgm show`: one agent, whence it came and what it can do."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dgm.cli.arguments import add_agent, add_json, add_run, reading
from dgm.cli.output import say, say_json, thousands
from dgm.records import Purpose, Split
from dgm.titles import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dgm.archive.reader import RunReader
    from dgm.records import Agent, Rollout

_ADMISSION = (Purpose.DIAGNOSE, Purpose.MODIFY, Purpose.CANARY)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_agent(parser)
    add_run(parser, as_option=True)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the agent."""
    with reading(arguments) as reader:
        tree = reader.tree()
        agent = tree.resolve(arguments.agent)
        lineage = tree.lineage(agent.id)
        if arguments.json:
            say_json(_as_json(reader, agent, [ancestor.id for ancestor in lineage]))
            return 0
        _print(reader, agent, lineage)
    return 0


def _print(reader: RunReader, agent: Agent, lineage: tuple[Agent, ...]) -> None:
    from dgm.report import describe_score

    say(f"{agent.id}  {agent.state}  {agent.title}")
    if agent.reason:
        say(f"  because {agent.reason}")
    say(f"  lineage   {' > '.join(ancestor.id for ancestor in lineage)}")
    say(f"  code      {agent.tree_hash or 'none'}")
    if agent.selection_probability is not None:
        say(f"  its parent was chosen with probability {agent.selection_probability:.2f}")
    for split in Split:
        say(f"  {split:9} {describe_score(reader.score(agent.id, split))}")
    say(f"  spent     {thousands(agent.usage.tokens)} tokens, {agent.usage.cost_usd:.2f} USD")
    if (diagnosis := agent.diagnosis) is not None:
        say(f"\ndiagnosis (looking at {diagnosis.target})")
        say(f"  seen      {diagnosis.log_summary}")
        say(f"  proposal  {diagnosis.proposal}")
        say(f"  how       {diagnosis.implementation_suggestion}")
    say("\nadmission")
    for rollout in _admission(reader, agent):
        say(f"  {rollout.id}  {rollout.task_id:18} {rollout.outcome}  {rollout.detail}")
    for split in Split:
        if rollouts := reader.evaluations(agent.id, split):
            say(f"\n{split} tasks")
        _print_rollouts(rollouts)
    if beside := _beside(reader, agent):
        say("\nmeasured with dgm eval, beside the run")
        _print_rollouts(beside)


def _print_rollouts(rollouts: Iterable[Rollout]) -> None:
    for rollout in rollouts:
        say(f"  {rollout.id}  {rollout.task_id:32} {_result(rollout)}")


def _result(rollout: Rollout) -> str:
    tests = ""
    if rollout.tests_total is not None:
        tests = f"{rollout.tests_passed}/{counted(rollout.tests_total, 'test')}  "
    calls = counted(rollout.usage.calls, "call")
    return f"{rollout.outcome:12} {tests}{calls}  {rollout.detail}".rstrip()


def _admission(reader: RunReader, agent: Agent) -> list[Rollout]:
    return [r for r in reader.rollouts(agent.id) if r.key.purpose in _ADMISSION]


def _beside(reader: RunReader, agent: Agent) -> list[Rollout]:
    """What `dgm eval` measured: it counts in no score of the run."""
    return [r for split in Split for r in reader.evaluations(agent.id, split, Purpose.MEASURE)]


def _as_json(reader: RunReader, agent: Agent, lineage: list[str]) -> dict[str, Any]:
    return {
        "agent": asdict(agent),
        "lineage": lineage,
        "scores": {split: asdict(reader.score(agent.id, split)) for split in Split},
        "admission": [asdict(rollout) for rollout in _admission(reader, agent)],
        "evaluations": {
            split: [asdict(rollout) for rollout in reader.evaluations(agent.id, split)]
            for split in Split
        },
        "measured": [asdict(rollout) for rollout in _beside(reader, agent)],
    }
