"""Evaluate one agent outside the loop; what is already known is not done again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from dgm.archive.store import Store
from dgm.errors import MachineError, UserError
from dgm.fanout import FanOut
from dgm.records import (
    Agent,
    AgentCode,
    Outcome,
    Purpose,
    Rollout,
    RolloutKey,
    Score,
    Split,
    Task,
    Usage,
)
from dgm.steps.evaluate import Evaluate
from dgm.steps.faults import Faults, shared_account_spent, spoiled
from dgm.steps.laboratory import Laboratory, Unit

_WAIT_S = 3600.0


def missing_evaluations(
    lab: Laboratory, store: Store, agent: Agent, code: AgentCode, split: Split, attempts: int
) -> list[Evaluate]:
    """List the attempts at a split's tasks for which there is no evidence yet.

    The run's own evaluations are evidence as well; what is measured here decides nothing in it.
    """
    version = lab.benchmark.grader_version
    units = (
        Evaluate("", agent.id, code, task, attempt, version, Purpose.MEASURE)
        for attempt in range(attempts)
        for task in lab.tasks(split)
    )
    return [unit for unit in units if not any(map(store.find_rollout, _keys(unit)))]


def all_evidence(
    store: Store, agent: Agent, split: Split, tasks: Iterable[Task], grader_version: str
) -> Score:
    """Count what the run and `dgm eval` know of an agent; an attempt made by both counts once.

    `tasks` are those that count, and by that grader: a run may be measured on other benchmarks.
    """
    digests = {task.digest for task in tasks}
    rows = [
        row
        for purpose in (Purpose.EVALUATE, Purpose.MEASURE)
        for row in store.evaluations(agent.id, split, purpose, grader_version)
        if row.key.task_digest in digests
    ]
    attempts = {replace(row.key, purpose=Purpose.MEASURE): row.outcome for row in reversed(rows)}
    solved = sum(end is Outcome.SOLVED for end in attempts.values())
    different = len({key.task_digest for key in attempts})
    return Score(solved, len(attempts), 0 if different == len(attempts) else different)


def _keys(unit: Evaluate) -> tuple[RolloutKey, RolloutKey]:
    return unit.key, replace(unit.key, purpose=Purpose.EVALUATE)


def measure(
    lab: Laboratory,
    store: Store,
    fanout: FanOut[Rollout],
    units: Iterable[Unit],
    usage_of: Callable[[str], Usage],
) -> Iterator[Rollout]:
    """Do the units, record and yield each as it ends; what the machine spoiled is tried again.

    `usage_of` reads what a rollout that was cut short had spent.

    Raises: MachineError when the tries of a unit are used up; UserError when the run's budget is.
    """
    faults = Faults(lab.config.rollout.retries)
    waiting, flights = deque(units), dict[int, Unit]()
    while True:
        while waiting and fanout.in_flight < fanout.capacity:
            unit = waiting.popleft()
            rollout_id = store.start_rollout(unit.agent_id, unit.task_id, unit.split, unit.key)
            started = replace(unit, rollout_id=rollout_id)
            flights[fanout.submit(partial(started.perform, lab))] = started
        if not flights:
            return
        if (done := fanout.wait(_WAIT_S)) is None:
            continue
        unit = flights.pop(done.ticket)
        if account := shared_account_spent(done.error):
            raise UserError(
                f"the budget of the {account.replace('/', ' ')} is spent; give it more: "
                "--tokens N, --usd N, --calls N, --seconds N or --step STEP.LIMIT=N"
            )
        ended = done.result or spoiled(unit, done.error, usage_of(unit.rollout_id))
        rollout = faults.judge(ended, done.error)
        yield store.finish_rollout(rollout)
        if rollout.outcome.is_evidence:
            continue
        if faults.is_given_up(unit.key):
            raise MachineError(f"{unit.task_id} could not be measured: {rollout.detail}")
        waiting.append(unit)
