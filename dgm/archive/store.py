"""The only writer of a run.

Order: git branch, then database row with its event in one transaction. A process killed anywhere
leaves at most an unreferenced branch, an empty rollout folder, or rollouts still marked running,
which `close_abandoned` settles.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from dgm.archive import rows
from dgm.archive.branches import AgentRepository
from dgm.archive.database import open_for_writing
from dgm.archive.disk import writing_to
from dgm.archive.layout import RunFolder
from dgm.archive.ledger import Clock, Ledger
from dgm.archive.lock import writer_lock
from dgm.archive.manifest import MANIFEST_NAME, parse_manifest, read_manifest
from dgm.archive.snapshot import Snapshot, take_snapshot
from dgm.errors import AgentFormatError, ArchiveError, ChildRefusedError
from dgm.events import EventKind
from dgm.records import (
    Agent,
    AgentManifest,
    AgentState,
    Diagnosis,
    Task,
)
from dgm.titles import shortened


class Store(Ledger):
    """A run opened for writing; one per run at any time. May be shared by threads."""

    @classmethod
    @contextmanager
    def create(
        cls, folder: Path, settings: str, clock: Clock = time.time, *, seed: Path | None = None
    ) -> Iterator[Self]:
        """Make a run (all of it or nothing) and open it; `settings` is TOML, kept word for word.

        `seed` is the folder of its first agent, in the run from the first moment.

        Raises: ArchiveError if the folder is in use or cannot be written; AgentFormatError.
        """
        if folder.exists():
            raise ArchiveError(f"{folder} exists already; choose another name, or: dgm resume")
        part = RunFolder(folder.with_name(f".{folder.name}.{os.getpid()}.part"))
        try:
            with writing_to(folder):
                _remove_stale_parts(folder.parent)
                _lay_out(part, settings)
                if seed is not None:
                    with cls.open(part.path, clock) as store:
                        store.add_seed(seed)
                part.path.rename(folder)
        finally:
            shutil.rmtree(part.path, ignore_errors=True)
        with cls.open(folder, clock) as store:
            yield store

    @classmethod
    @contextmanager
    def open(cls, folder: Path, clock: Clock = time.time) -> Iterator[Self]:
        """Open a run as its only writer; leaving the block releases it.

        Raises: ArchiveError if the run is missing, being evolved by another process, unwritable,
            damaged, or from a newer version.
        """
        run = RunFolder(folder)
        if not run.database.is_file():
            raise ArchiveError(
                f"{folder} is not a complete run: it has no {run.database.name}; {run.remedy}"
            )
        with (
            writer_lock(run.lock, run.name),
            AgentRepository.open(run.agents) as repository,  # before a database is changed
            open_for_writing(run.database) as connection,
        ):
            yield cls(run, connection, repository, clock)

    def add_tasks(self, tasks: Sequence[Task]) -> None:
        """Fix the run's tasks; the same ones again are harmless.

        Raises: ArchiveError if a task of that id is known with another digest.
        """
        known = {task.id: task.digest for task in self.tasks()}
        for task in tasks:
            if known.get(task.id, task.digest) != task.digest:
                raise ArchiveError(
                    f"task {task.id} is not what it was when run {self.run.name} was started; "
                    "start a new run"
                )
        columns = (
            "id, benchmark, split, digest, statement, timeout_s, grading_timeout_s, difficulty, "
            "is_impossible"
        )
        with self._transaction():
            self._connection.executemany(
                f"INSERT INTO tasks ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [rows.task_values(task) for task in tasks if task.id not in known],
            )

    def add_seed(self, folder: Path, title: str = "the seed agent") -> Agent:
        """Commit the first agent; the same one again is harmless.

        Raises: AgentFormatError if it is no agent, ArchiveError if the run has another seed.
        """
        read_manifest(folder)
        try:
            snapshot = take_snapshot(folder)
        except ChildRefusedError as refusal:
            raise AgentFormatError(f"{folder} cannot be an agent: {refusal.reason}") from refusal
        if not self._rows("SELECT 1 FROM agents WHERE number = 0"):
            self._insert_agent(None, AgentState.VALIDATING, title=title)
        seed = self.agent("a0000")
        if seed.tree_hash not in (None, snapshot.tree_hash):
            raise ArchiveError(f"run {self.run.name} was started from another seed agent")
        return self._commit(seed, snapshot, title)

    def start_child(self, parent_id: str, selection_probability: float | None = None) -> Agent:
        """Open a new agent in state DIAGNOSING."""
        parent = self.agent(parent_id)
        agent_id = self._insert_agent(
            parent.id, AgentState.DIAGNOSING, selection_probability=selection_probability
        )
        return self.agent(agent_id)

    def set_diagnosis(self, agent_id: str, diagnosis: Diagnosis) -> Agent:
        """Record what shall be improved; the agent moves to MODIFYING."""
        title = shortened(diagnosis.title)
        with self._transaction():
            self._execute(
                "UPDATE agents SET diagnosis = ?, title = ?, state = ? WHERE id = ?",
                *(rows.diagnosis_value(diagnosis), title),
                *(AgentState.MODIFYING, agent_id),
            )
            self._tell(EventKind.AGENT_DIAGNOSED, agent_id, title=title)
        return self.agent(agent_id)

    def commit_child(self, agent_id: str, folder: Path, message: str = "") -> Agent:
        """Commit a child's code to its branch; the same code again is harmless.

        Raises: ChildRefusedError if the folder is no agent, breaks the limits, adds binary files,
            names other packages than its parent, or holds the very code of another agent;
            ArchiveError if this agent already has other code.
        """
        agent = self.agent(agent_id)
        try:
            manifest = read_manifest(folder)
        except AgentFormatError as error:
            raise ChildRefusedError(str(error)) from error
        snapshot = take_snapshot(folder)
        self._refuse_other_packages(agent, manifest)
        self._refuse_new_binaries(agent, snapshot)
        for twin in self._rows("SELECT id FROM agents WHERE tree_hash = ?", snapshot.tree_hash):
            if twin["id"] != agent_id:
                raise ChildRefusedError(f"its code is identical to that of {twin['id']}")
        return self._commit(agent, snapshot, message or agent.title)

    def set_state(self, agent_id: str, state: AgentState) -> Agent:
        """Move an agent on; use `archive` and `reject` to end its way.

        Raises: ArchiveError if it has ended already.
        """
        if state.is_final:
            raise ValueError(f"call archive or reject to reach {state}")
        return self._move(agent_id, state, EventKind.AGENT_MOVED)

    def archive(self, agent_id: str) -> Agent:
        """Admit an agent: it may become a parent. Twice is harmless.

        Raises: ArchiveError if it was rejected, or has no code.
        """
        if self.agent(agent_id).tree_hash is None:
            raise ArchiveError(f"agent {agent_id} has no code yet and cannot be archived")
        return self._move(agent_id, AgentState.ARCHIVED, EventKind.AGENT_ARCHIVED)

    def reject(self, agent_id: str, reason: str) -> Agent:
        """Give up on an agent, and keep why. Twice is harmless.

        Raises: ArchiveError if it is archived.
        """
        return self._move(agent_id, AgentState.REJECTED, EventKind.AGENT_REJECTED, reason)

    def _insert_agent(
        self,
        parent_id: str | None,
        state: AgentState,
        title: str = "",
        selection_probability: float | None = None,
    ) -> str:
        with self._transaction():
            number = self._next("agents", first=0)
            agent_id = f"a{number:04d}"
            self._execute(
                "INSERT INTO agents (number, id, parent_id, state, title, selection_probability, "
                "created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                *(number, agent_id, parent_id, state, title, selection_probability, self._clock()),
            )
            self._tell(EventKind.AGENT_STARTED, agent_id, parent=parent_id)
        return agent_id

    def _commit(self, agent: Agent, snapshot: Snapshot, message: str) -> Agent:
        self.repository.commit(
            snapshot,
            agent_id=agent.id,
            parent=agent.parent_id,
            message=message,
            at=agent.created_at,
            replace=agent.tree_hash is None,  # a branch without a row is what a crash left
        )
        if agent.tree_hash is None:
            with self._transaction():
                self._execute(
                    "UPDATE agents SET tree_hash = ? WHERE id = ?", snapshot.tree_hash, agent.id
                )
                self._tell(EventKind.AGENT_COMMITTED, agent.id, tree=snapshot.tree_hash)
        return self.agent(agent.id)

    def _refuse_new_binaries(self, child: Agent, snapshot: Snapshot) -> None:
        """Let only those stay that its parent has: nobody could read what such a file does."""
        binaries = [file for file in snapshot.files if file.is_binary]
        if not binaries or child.parent_id is None:
            return
        known = self.repository.blobs(self.agent(child.parent_id).tree_hash or "")
        for file in binaries:
            if file.blob_hash not in known:
                raise ChildRefusedError(f"it adds a binary file: {file.path}")

    def _refuse_other_packages(self, child: Agent, manifest: AgentManifest) -> None:
        """Let a child import what its parent does: its own list would name what nobody chose."""
        if child.parent_id is None:
            return
        tree_hash = self.agent(child.parent_id).tree_hash or ""
        path = Path(child.parent_id, MANIFEST_NAME)
        parent = parse_manifest(self.repository.file(tree_hash, MANIFEST_NAME), path)
        if (manifest.packages, manifest.without) != (parent.packages, parent.without):
            raise ChildRefusedError("it names other packages in agent.toml than its parent")

    def _move(self, agent_id: str, state: AgentState, kind: EventKind, reason: str = "") -> Agent:
        with self._transaction():
            agent = self.agent(agent_id)
            if agent.state is state:
                return agent
            if agent.state.is_final:
                raise ArchiveError(f"agent {agent_id} is {agent.state} and cannot become {state}")
            self._execute(
                "UPDATE agents SET state = ?, reason = ?, finished_at = ? WHERE id = ?",
                *(state, reason, self._clock() if state.is_final else None, agent_id),
            )
            self._tell(kind, agent_id, state=state, reason=reason)
        return self.agent(agent_id)


def _remove_stale_parts(archive: Path) -> None:
    """Remove what processes left that were killed while they made a run."""
    for part in archive.glob(".*.*.part"):
        if not Path("/proc", part.name.split(".")[-2]).exists():
            shutil.rmtree(part, ignore_errors=True)


def _lay_out(part: RunFolder, settings: str) -> None:
    part.rollouts.mkdir(parents=True)
    part.settings.write_text(settings, encoding="utf-8")
    AgentRepository.create(part.agents)
    with open_for_writing(part.database) as connection:
        connection.execute("INSERT INTO meta VALUES ('settings', ?)", (settings,))
