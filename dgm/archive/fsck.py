"""Check a run's folder against itself. Nothing is changed.

Covered: SQLite's own checks, foreign keys, every agent's branch, tree and parent, `git fsck`,
rollout folders against rows, transcripts cut off by a kill, rollouts nobody is running any more.
Not covered: whether an agent's score is what it would be today; that is what replay is for.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from dgm.archive.branches import Branch
from dgm.archive.layout import RunFolder
from dgm.archive.lock import is_locked
from dgm.archive.reader import RunReader
from dgm.errors import ArchiveError
from dgm.records import Agent, AgentState, Outcome
from dgm.titles import counted

Report: TypeAlias = Iterator["Finding"]
Check: TypeAlias = Callable[[RunReader], Report]


class Severity(StrEnum):
    """`NOTE` is what a killed run leaves and a resumed one settles; `ERROR` must not be."""

    NOTE = "note"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found; `where` names the agent, rollout or file."""

    severity: Severity
    where: str
    message: str


def check(folder: Path) -> tuple[Finding, ...]:
    """Return all findings, errors first; none means the run is sound.

    A part too damaged to be opened is a finding, too.
    """
    run = RunFolder(folder)
    findings: list[Finding] = []
    try:
        with RunReader.open(folder) as reader:
            for part in _PARTS:
                findings += _outcome_of(part, reader)
    except ArchiveError as error:
        findings.append(Finding(Severity.ERROR, run.name, str(error)))
    return tuple(sorted(findings, key=lambda found: found.severity is Severity.NOTE))


def _outcome_of(part: Check, reader: RunReader) -> Report:
    try:
        yield from part(reader)
    except ArchiveError as error:
        yield Finding(Severity.ERROR, reader.run.name, str(error))


def _check_database(reader: RunReader) -> Report:
    for problem in reader.database_problems():
        yield Finding(Severity.ERROR, "run.db", problem)


def _check_settings(reader: RunReader) -> Report:
    path = reader.run.settings
    if not path.is_file():
        yield Finding(Severity.NOTE, path.name, "is missing; no effect: run.db keeps the settings")
    elif path.read_text(encoding="utf-8", errors="replace") != reader.settings:
        yield Finding(Severity.NOTE, path.name, "was changed after the run was created; no effect")


def _check_git(reader: RunReader) -> Report:
    for line in reader.repository.problems():
        yield Finding(Severity.ERROR, "agents.git", line)


def _check_agents(reader: RunReader) -> Report:
    branches = {branch.agent_id: branch for branch in reader.repository.branches()}
    agents = reader.agents()
    for agent in agents:
        yield from _check_agent(agent, branches)
    committed = {agent.id for agent in agents if agent.tree_hash is not None}
    for name in sorted(branches.keys() - committed):
        yield Finding(Severity.NOTE, name, "has a branch that no row refers to")


def _check_agent(agent: Agent, branches: dict[str, Branch]) -> Report:
    if agent.tree_hash is None:
        if agent.state is AgentState.ARCHIVED:
            yield Finding(Severity.ERROR, agent.id, "is archived without code")
        return
    branch = branches.get(agent.id)
    if branch is None:
        yield Finding(Severity.ERROR, agent.id, "has no branch")
        return
    if branch.tree_hash != agent.tree_hash:
        yield Finding(Severity.ERROR, agent.id, f"its branch holds other code: {branch.tree_hash}")
    up = branches.get(agent.parent_id or "")
    if branch.parent_commit != (up.commit if up else None):
        yield Finding(Severity.ERROR, agent.id, "its branch does not build on its parent's")


def _check_rollouts(reader: RunReader) -> Report:
    running = reader.running_rollouts()
    finished = {rollout.id: rollout for rollout in reader.rollouts()}
    below = reader.run.rollouts
    folders = {path.name for path in below.iterdir()} if below.is_dir() else set()
    for name in sorted(folders - finished.keys() - set(running)):
        yield Finding(Severity.NOTE, name, "is a rollout folder without a row")
    for name in sorted(finished.keys() - folders):
        if finished[name].outcome.is_evidence:
            yield Finding(Severity.ERROR, name, "has no folder; its evidence cannot be replayed")
    for name in sorted(finished.keys() & folders):
        was_killed = finished[name].outcome is Outcome.INFRASTRUCTURE
        severity = Severity.NOTE if was_killed else Severity.ERROR
        for path in sorted((below / name).glob("*.jsonl*")):
            if problem := _transcript_problem(path):
                yield Finding(severity, f"{name}/{path.name}", problem)
    if running and not is_locked(reader.run.lock):
        yield Finding(
            Severity.NOTE,
            ", ".join(running[:4]),
            f"{counted(len(running), 'rollout')} cut off when the run was killed; "
            "dgm resume closes what is open",
        )


def _transcript_problem(path: Path) -> str:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    return f"line {number} is cut off"
                json.loads(line)
    except (EOFError, OSError, ValueError) as error:
        return f"cannot be read: {error}"
    return ""


_PARTS: tuple[Check, ...] = (
    _check_database,
    _check_settings,
    _check_git,
    _check_agents,
    _check_rollouts,
)
