"""Records to rows of `run.db` and back."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from sqlite3 import Row

from dgm.events import Event, EventKind
from dgm.records import (
    Agent,
    AgentState,
    Diagnosis,
    Outcome,
    Purpose,
    Rollout,
    RolloutKey,
    Split,
    Task,
    Usage,
)

_USAGE = tuple(field.name for field in fields(Usage))
USAGE_COLUMNS = ", ".join(_USAGE)
USAGE_SUMS = ", ".join(
    f"coalesce(sum({field.name}), {field.default}) AS {field.name}" for field in fields(Usage)
)
NOTHING_SPENT = Usage()


def read_usage(row: Row) -> Usage:
    """Decode the columns of `USAGE_COLUMNS`; all null is nothing spent."""
    if row["calls"] is None:
        return NOTHING_SPENT
    return Usage(**{name: row[name] for name in _USAGE})


def usage_values(usage: Usage) -> tuple[int | float, ...]:
    """Encode for `USAGE_COLUMNS`."""
    return tuple(getattr(usage, name) for name in _USAGE)


def read_agent(row: Row, usage: Usage = NOTHING_SPENT) -> Agent:
    """Decode a row of `agents`; what it spent is summed elsewhere."""
    return Agent(
        id=row["id"],
        number=row["number"],
        parent_id=row["parent_id"],
        state=AgentState(row["state"]),
        tree_hash=row["tree_hash"],
        title=row["title"],
        reason=row["reason"],
        diagnosis=_read_diagnosis(row["diagnosis"]),
        selection_probability=row["selection_probability"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        usage=usage,
    )


def diagnosis_value(diagnosis: Diagnosis) -> str:
    """Encode as JSON."""
    return json.dumps(asdict(diagnosis), ensure_ascii=False)


def _read_diagnosis(text: str | None) -> Diagnosis | None:
    if text is None:
        return None
    fields = json.loads(text)
    return Diagnosis(
        **{**fields, "potential_improvements": tuple(fields["potential_improvements"])}
    )


def read_task(row: Row) -> Task:
    """Decode a row of `tasks`."""
    return Task(
        id=row["id"],
        benchmark=row["benchmark"],
        split=Split(row["split"]),
        digest=row["digest"],
        statement=row["statement"],
        timeout_s=row["timeout_s"],
        grading_timeout_s=row["grading_timeout_s"],
        difficulty=row["difficulty"],
        is_impossible=bool(row["is_impossible"]),
    )


def task_values(task: Task) -> tuple[str | float, ...]:
    """Encode in the order of the table's columns, `position` aside."""
    return (
        task.id,
        task.benchmark,
        task.split,
        task.digest,
        task.statement,
        task.timeout_s,
        task.grading_timeout_s,
        task.difficulty,
        task.is_impossible,
    )


def read_key(row: Row) -> RolloutKey:
    """Decode the identity of the work in a row of `rollouts`."""
    return RolloutKey(
        purpose=Purpose(row["purpose"]),
        tree_hash=row["tree_hash"],
        task_digest=row["task_digest"],
        attempt=row["attempt"],
        grader_version=row["grader_version"],
    )


def read_rollout(row: Row) -> Rollout:
    """Decode a finished row of `rollouts` joined with its spending."""
    return Rollout(
        id=row["id"],
        agent_id=row["agent_id"],
        task_id=row["task_id"],
        split=None if row["split"] is None else Split(row["split"]),
        key=read_key(row),
        outcome=Outcome(row["outcome"]),
        detail=row["detail"],
        exit_code=row["exit_code"],
        patch_bytes=row["patch_bytes"],
        usage=read_usage(row),
        agent_s=row["agent_s"],
        total_s=row["total_s"],
        started_at=row["started_at"],
        limits_in_force=tuple(row["limits_in_force"].splitlines()),
        tests_passed=row["tests_passed"],
        tests_total=row["tests_total"],
        regraded_from=row["regraded_from"],
    )


def read_event(row: Row) -> Event:
    """Decode a row of `events`."""
    return Event(
        row["id"], row["at"], EventKind(row["kind"]), row["agent_id"], json.loads(row["data"])
    )
