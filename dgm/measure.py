"""Evaluate one agent outside the loop; what is already known is not done again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from dgm.archive.store import Store
from dgm.fanout import FanOut
from dgm.records import Agent, AgentCode, Rollout, Split
from dgm.steps.evaluate import Evaluate
from dgm.steps.laboratory import Laboratory

_WAIT_S = 3600.0


def missing_evaluations(
    lab: Laboratory, store: Store, agent: Agent, code: AgentCode, split: Split, attempts: int
) -> list[Evaluate]:
    """List the attempts at a split's tasks for which there is no evidence yet."""
    version = lab.benchmark.grader_version
    units = (
        Evaluate("", agent.id, code, task, attempt, version)
        for attempt in range(attempts)
        for task in lab.benchmark.tasks(split)
    )
    return [unit for unit in units if store.find_rollout(unit.key) is None]


def measure(
    lab: Laboratory, store: Store, fanout: FanOut[Rollout], units: list[Evaluate]
) -> Iterator[Rollout]:
    """Do the units, record and yield each as it ends. Raises: the first error of the machine."""
    waiting = iter(units)
    while True:
        while fanout.in_flight < fanout.capacity and (unit := next(waiting, None)):
            rollout_id = store.start_rollout(unit.agent_id, unit.task_id, unit.split, unit.key)
            fanout.submit(partial(replace(unit, rollout_id=rollout_id).perform, lab))
        if not fanout.in_flight:
            return
        done = fanout.wait(_WAIT_S)
        if done is not None and done.result is not None:
            yield store.finish_rollout(done.result)
        elif done is not None:
            raise done.error or LookupError("a unit of work ended without a result")
