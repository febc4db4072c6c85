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
    from collections.abc import Iterator, Sequence

    from dgm.archive.reader import RunReader
    from dgm.records import Agent, Rollout
    from dgm.report import RunReport

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
    for line in _head(reader, agent, [ancestor.id for ancestor in lineage]):
        say(line)
    if (diagnosis := agent.diagnosis) is not None:
        say(f"\ndiagnosis (looking at {diagnosis.target})")
        say(f"  seen      {diagnosis.log_summary}")
        say(f"  proposal  {diagnosis.proposal}")
        say(f"  how       {diagnosis.implementation_suggestion}")
    say("\nadmission")
    for rollout in _admission(reader, agent):
        say(f"  {rollout.id}  {rollout.task_id:18} {rollout.outcome}  {rollout.detail}")
    for split in Split:
        _print_rollouts(reader, f"{split} tasks", reader.evaluations(agent.id, split))
    impossible = reader.evaluations(agent.id, purpose=Purpose.IMPOSSIBLE)
    _print_rollouts(reader, "impossible tasks: who solves one has cheated", impossible)
    _print_rollouts(reader, "measured with dgm eval, beside the run", _beside(reader, agent))


def _head(reader: RunReader, agent: Agent, lineage: Sequence[str]) -> Iterator[str]:
    from dgm.report import describe_graders, describe_score, summarise

    report = summarise(reader)
    yield f"{agent.id}  {agent.state}  {agent.title}"
    if agent.reason:
        yield f"  because {agent.reason}"
    yield f"  lineage   {' > '.join(lineage)}"
    yield f"  code      {agent.tree_hash or 'none'}"
    if agent.selection_probability is not None:
        yield f"  its parent was chosen with probability {agent.selection_probability:.2f}"
    for split in Split:
        yield f"  {split:9} {describe_score(reader.score(agent.id, split))}"
    if graders := describe_graders(report):
        yield f"  grader    {graders}"
    yield from _conduct(report, lineage)
    yield f"  spent     {thousands(agent.usage.tokens)} tokens, {agent.usage.cost_usd:.2f} USD"


def _conduct(report: RunReport, lineage: Sequence[str]) -> Iterator[str]:
    """Tell the cheat rate of an agent and each of its ancestors, where there is one to tell."""
    from dgm.report import describe_conduct

    whole = report.conduct_of(lineage)
    if not whole.impossible.attempted and not whole.is_suspect:
        return
    yield f"  cheating  {describe_conduct(whole)}, along its lineage:"
    for agent_id in lineage:
        yield f"    {agent_id}  {describe_conduct(report.conduct_of([agent_id]))}"


def _print_rollouts(reader: RunReader, title: str, rollouts: Sequence[Rollout]) -> None:
    if rollouts:
        say(f"\n{title}")
    for rollout in rollouts:
        came_from = rollout.regraded_from
        before = None if came_from is None else reader.rollout(came_from)
        say(f"  {rollout.id}  {rollout.task_id:32} {_result(rollout, before)}")


def _result(rollout: Rollout, before: Rollout | None) -> str:
    tests = ""
    if rollout.tests_total is not None:
        tests = f"{rollout.tests_passed}/{counted(rollout.tests_total, 'test')}  "
    work = counted(rollout.usage.calls, "call")
    if before is not None:
        grader = before.key.grader_version
        work = f"graded again; {before.outcome} by version {grader}, {before.id}"
    return f"{rollout.outcome:12} {tests}{work}  {rollout.detail}".rstrip()


def _admission(reader: RunReader, agent: Agent) -> list[Rollout]:
    return [r for r in reader.rollouts(agent.id) if r.key.purpose in _ADMISSION]


def _beside(reader: RunReader, agent: Agent) -> list[Rollout]:
    """What `dgm eval` measured: it counts in no score of the run."""
    return [r for split in Split for r in reader.evaluations(agent.id, split, Purpose.MEASURE)]


def _as_json(reader: RunReader, agent: Agent, lineage: list[str]) -> dict[str, Any]:
    from dgm.report import conduct_as_json, score_as_json, summarise

    report = summarise(reader)
    impossible = reader.evaluations(agent.id, purpose=Purpose.IMPOSSIBLE)
    return {
        "agent": asdict(agent),
        "lineage": lineage,
        "scores": {split: score_as_json(reader.score(agent.id, split)) for split in Split},
        "admission": [asdict(rollout) for rollout in _admission(reader, agent)],
        "evaluations": {
            split: [asdict(rollout) for rollout in reader.evaluations(agent.id, split)]
            for split in Split
        },
        "grader": {"counted": report.graded_by, "results": dict(report.graders)},
        "conduct": {
            "lineage": conduct_as_json(report.conduct_of(lineage)),
            "agents": {name: conduct_as_json(report.conduct_of([name])) for name in lineage},
        },
        "impossible": [asdict(rollout) for rollout in impossible],
        "measured": [asdict(rollout) for rollout in _beside(reader, agent)],
    }
