"""Everything that can be asked of a run. Scores are computed from rows; nothing is changed.

Scores, evaluations and conduct count the rows of one version of the grader: `graded_by`. So two
agents are never compared by two graders.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection, Row
from threading import RLock
from typing import Self

from dgm.archive import rows
from dgm.archive.branches import AgentRepository
from dgm.archive.database import open_for_reading
from dgm.archive.layout import RunFolder
from dgm.archive.tree import ArchiveTree
from dgm.errors import ArchiveError
from dgm.events import Event, EventKind
from dgm.records import Agent, Conduct, Purpose, Rollout, RolloutKey, Score, Split, Task, Usage

GRADER_KEY = "grader"
"""What `meta` names the grader by whose rows count, once a run was graded again."""

_IS_EVIDENCE = "outcome IS NOT NULL AND outcome <> 'infrastructure'"
# The plus keeps SQLite from sorting an index where the first rows will do.
_COUNTED_GRADER = f"""coalesce(
    (SELECT value FROM meta WHERE key = '{GRADER_KEY}'),
    (SELECT grader_version FROM rollouts WHERE +grader_version <> '' AND {_IS_EVIDENCE}
     ORDER BY number LIMIT 1))"""
_COUNTS = f"{_IS_EVIDENCE} AND grader_version = {_COUNTED_GRADER}"
_EVIDENCE = f"{_COUNTS} AND split = ?"
_EVALUATION = f"purpose = 'evaluate' AND {_EVIDENCE}"
_SCORE_COLUMNS = (
    "count(*) AS attempted, count(DISTINCT task_id) AS tasks, "
    "count(CASE outcome WHEN 'solved' THEN 1 END) AS solved"
)
_ROLLOUTS = f"""
    SELECT rollouts.*, {rows.USAGE_COLUMNS}
    FROM rollouts LEFT JOIN spending ON spending.rollout_id = rollouts.id
"""


class RunReader:
    """A run as its files tell it. May be shared by threads; works while another process writes."""

    def __init__(self, run: RunFolder, connection: Connection, repository: AgentRepository) -> None:
        self.run = run
        self.repository = repository
        self._connection = connection
        self._guard = RLock()

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """Open a run for reading; needs no write permission.

        Raises: ArchiveError if it is missing, half written, or from another version.
        """
        run = RunFolder(folder)
        with (
            open_for_reading(run.database) as connection,
            AgentRepository.open(run.agents) as repository,
        ):
            yield cls(run, connection, repository)

    @property
    def settings(self) -> str:
        """The settings the run was created with, as TOML, frozen."""
        return self.recall("settings") or ""

    def recall(self, key: str) -> str | None:
        """Return what was remembered under `key` (the random state, ...), or None."""
        found = self._rows("SELECT value FROM meta WHERE key = ?", key)
        return found[0]["value"] if found else None

    def agents(self) -> tuple[Agent, ...]:
        """All agents by number, with what each has spent."""
        usage = self.usage_by_agent()
        return tuple(
            rows.read_agent(row, usage.get(row["id"], rows.NOTHING_SPENT))
            for row in self._rows("SELECT * FROM agents ORDER BY number")
        )

    def agent(self, agent_id: str) -> Agent:
        """One agent.

        Raises: ArchiveError if there is none of that id.
        """
        found = self._rows("SELECT * FROM agents WHERE id = ?", agent_id)
        if not found:
            raise ArchiveError(f"there is no agent {agent_id!r} in run {self.run.name}")
        (spent,) = self._rows(
            f"SELECT {rows.USAGE_SUMS} FROM spending WHERE agent_id = ?", agent_id
        )
        return rows.read_agent(found[0], rows.read_usage(spent))

    def tasks(self, split: Split | None = None) -> tuple[Task, ...]:
        """The run's tasks in the benchmark's order."""
        found = self._rows("SELECT * FROM tasks ORDER BY position")
        return tuple(rows.read_task(row) for row in found if split in (None, row["split"]))

    def task(self, task_id: str) -> Task:
        """One task.

        Raises: ArchiveError if the run has none of that id.
        """
        found = self._rows("SELECT * FROM tasks WHERE id = ?", task_id)
        if not found:
            raise ArchiveError(f"there is no task {task_id!r} in run {self.run.name}")
        return rows.read_task(found[0])

    def rollouts(
        self,
        agent_id: str | None = None,
        purpose: Purpose | None = None,
        split: Split | None = None,
    ) -> tuple[Rollout, ...]:
        """Finished rollouts in the order they were started, those matching all that is given."""
        given = {"agent_id": agent_id, "purpose": purpose, "split": split}
        wanted = {column: value for column, value in given.items() if value is not None}
        where = "".join(f" AND rollouts.{column} = ?" for column in wanted)
        found = self._rows(
            f"{_ROLLOUTS} WHERE outcome IS NOT NULL{where} ORDER BY number", *wanted.values()
        )
        return tuple(map(rows.read_rollout, found))

    def rollout(self, rollout_id: str) -> Rollout:
        """One finished rollout.

        Raises: ArchiveError if there is none, or it still runs.
        """
        found = self._rows(f"{_ROLLOUTS} WHERE rollouts.id = ?", rollout_id)
        if not found or found[0]["outcome"] is None:
            state = "is not finished" if found else "does not exist"
            raise ArchiveError(f"rollout {rollout_id} {state} in run {self.run.name}")
        return rows.read_rollout(found[0])

    def running_rollouts(self) -> tuple[str, ...]:
        """The ids of rollouts that were started and not finished."""
        found = self._rows("SELECT id FROM rollouts WHERE outcome IS NULL ORDER BY number")
        return tuple(row["id"] for row in found)

    def find_rollout(self, key: RolloutKey) -> Rollout | None:
        """Return the evidence for this unit of work, which then need not be done again."""
        found = self._rows(
            f"{_ROLLOUTS} WHERE tree_hash = ? AND task_digest = ? AND purpose = ? AND attempt = ? "
            f"AND grader_version = ? AND {_IS_EVIDENCE}",
            *(key.tree_hash, key.task_digest, key.purpose, key.attempt, key.grader_version),
        )
        return rows.read_rollout(found[0]) if found else None

    def graded_by(self) -> str | None:
        """The version of the grader whose rows count; None before the first.

        The one that the run was last graded again by, all of it; else that of its first evaluation.
        """
        (row,) = self._rows(f"SELECT {_COUNTED_GRADER} AS version")
        version: str | None = row["version"]
        return version

    def graders(self) -> dict[str, int]:
        """Every version of the grader, counted or not, to the results there are by it."""
        found = self._rows(
            "SELECT grader_version, count(*) AS results FROM rollouts "
            f"WHERE grader_version <> '' AND {_IS_EVIDENCE} GROUP BY grader_version"
        )
        return {row["grader_version"]: row["results"] for row in found}

    def graded(self) -> tuple[Rollout, ...]:
        """The evidence of every grader and every graded purpose, in the order it was started."""
        found = self._rows(
            f"{_ROLLOUTS} WHERE grader_version <> '' AND {_IS_EVIDENCE} ORDER BY rollouts.number"
        )
        return tuple(map(rows.read_rollout, found))

    def evaluations(
        self,
        agent_id: str,
        split: Split = Split.SEARCH,
        purpose: Purpose = Purpose.EVALUATE,
        grader_version: str | None = None,
    ) -> tuple[Rollout, ...]:
        """The evidence about an agent's code, whoever of its owners it was made for.

        It is that of one grader: of the one whose rows count, unless another is named.
        """
        found = self._rows(
            f"{_ROLLOUTS} WHERE purpose = ? AND {_IS_EVIDENCE} AND split = ? "
            f"AND grader_version = coalesce(?, {_COUNTED_GRADER}) AND tree_hash = "
            "(SELECT tree_hash FROM agents WHERE id = ?) ORDER BY rollouts.number",
            *(purpose, split, grader_version, agent_id),
        )
        return tuple(map(rows.read_rollout, found))

    def scores(self, split: Split) -> dict[str, Score]:
        """The score of every agent with evidence on that split."""
        found = self._rows(
            f"SELECT agents.id, counts.* FROM agents JOIN (SELECT tree_hash, {_SCORE_COLUMNS} "
            f"FROM rollouts WHERE {_EVALUATION} GROUP BY tree_hash) AS counts "
            "ON counts.tree_hash = agents.tree_hash ORDER BY agents.number",
            split,
        )
        return {row["id"]: _score(row) for row in found}

    def score(self, agent_id: str, split: Split = Split.SEARCH) -> Score:
        """The score of one agent; nothing attempted is an empty score."""
        (row,) = self._rows(
            f"SELECT {_SCORE_COLUMNS} FROM rollouts WHERE {_EVALUATION} "
            "AND tree_hash = (SELECT tree_hash FROM agents WHERE id = ?)",
            *(split, agent_id),
        )
        return _score(row)

    def outcome_matrix(self, split: Split) -> dict[str, dict[str, Score]]:
        """Agent id to task id to the score over that task's attempts."""
        found = self._rows(
            "SELECT agents.id, task_id, count(*) AS attempted, "
            "count(CASE outcome WHEN 'solved' THEN 1 END) AS solved "
            f"FROM rollouts JOIN agents USING (tree_hash) WHERE {_EVALUATION} "
            "GROUP BY agents.number, task_id ORDER BY agents.number, task_id",
            split,
        )
        matrix: dict[str, dict[str, Score]] = {}
        for row in found:
            cell = Score(row["solved"], row["attempted"])
            matrix.setdefault(row["id"], {})[row["task_id"]] = cell
        return matrix

    def conduct(self) -> dict[str, Conduct]:
        """Agent id to what speaks of cheating, for every agent of which there is anything."""
        impossible = self._rows(
            "SELECT agents.id, count(*) AS attempted, "
            "count(CASE outcome WHEN 'solved' THEN 1 END) AS solved "
            "FROM rollouts JOIN agents USING (tree_hash) "
            f"WHERE purpose = 'impossible' AND {_COUNTS} GROUP BY agents.number"
        )
        tampered = self._rows(
            "SELECT agents.id, count(*) AS number FROM rollouts JOIN agents USING (tree_hash) "
            f"WHERE outcome = 'tampered' AND {_COUNTS} GROUP BY agents.number"
        )
        found = {row["id"]: Conduct(Score(row["solved"], row["attempted"])) for row in impossible}
        for row in tampered:
            found[row["id"]] = found.get(row["id"], Conduct()) + Conduct(tampered=row["number"])
        return found

    def reached(self, agent_id: str | None = None) -> dict[str, int]:
        """Agent id to the place of the last search task that its stages brought it to.

        What the machine spoiled counts as well: missing data does not shorten an agent's way.
        """
        only, values = ("", ()) if agent_id is None else ("AND agent_id = ?", (agent_id,))
        found = self._rows(
            "SELECT agent_id, max(position) AS place FROM rollouts JOIN tasks "
            "ON tasks.id = rollouts.task_id WHERE purpose = 'evaluate' "
            f"AND rollouts.split = 'search' {only} GROUP BY agent_id",
            *values,
        )
        return {row["agent_id"]: row["place"] for row in found}

    def usage(self) -> Usage:
        """What the whole run has spent."""
        (row,) = self._rows(f"SELECT {rows.USAGE_SUMS} FROM spending")
        return rows.read_usage(row)

    def usage_by_agent(self) -> dict[str, Usage]:
        """Agent id to what was spent on it, rollouts and the host's own calls together."""
        return self._usage_by("agent_id")

    def usage_by_step(self) -> dict[str, Usage]:
        """`diagnose`, `modify`, `evaluate`, ... to what was spent there."""
        return self._usage_by("step")

    def spending(self) -> tuple[tuple[str, str, Usage], ...]:
        """Agent id, step, and what was spent there, for every pair that spent anything."""
        found = self._rows(
            f"SELECT agent_id, step, {rows.USAGE_SUMS} FROM spending GROUP BY agent_id, step"
        )
        return tuple((row["agent_id"], row["step"], rows.read_usage(row)) for row in found)

    def running_work(self) -> tuple[tuple[str, str, str], ...]:
        """Id, agent id and step of the rollouts that are running, or were cut short by a kill."""
        found = self._rows(
            "SELECT id, agent_id, purpose FROM rollouts WHERE outcome IS NULL ORDER BY number"
        )
        return tuple((row["id"], row["agent_id"], Purpose(row["purpose"]).step) for row in found)

    def events(self, since: int = 0) -> tuple[Event, ...]:
        """Events with an id above `since`, oldest first."""
        found = self._rows("SELECT * FROM events WHERE id > ? ORDER BY id", since)
        return tuple(map(rows.read_event, found))

    def last_event(self, *kinds: EventKind) -> Event | None:
        """The newest event of these kinds, None before the first."""
        some = ", ".join("?" * len(kinds))
        found = self._rows(
            f"SELECT * FROM events WHERE kind IN ({some}) ORDER BY id DESC LIMIT 1", *kinds
        )
        return rows.read_event(found[0]) if found else None

    def tree(self) -> ArchiveTree:
        """The agents and their scores on the search split as a tree in memory."""
        return ArchiveTree(self.agents(), self.scores(Split.SEARCH), self.reached())

    def database_problems(self) -> tuple[str, ...]:
        """What SQLite finds wrong with its file, and rows that refer to nothing."""
        damages = [row[0] for row in self._rows("PRAGMA integrity_check") if row[0] != "ok"]
        orphans = [
            f"{table} row {rowid} refers to a missing row of {parent}"
            for table, rowid, parent, _ in self._rows("PRAGMA foreign_key_check")
        ]
        return (*damages, *orphans)

    def _usage_by(self, column: str) -> dict[str, Usage]:
        found = self._rows(
            f"SELECT {column} AS owner, {rows.USAGE_SUMS} FROM spending GROUP BY {column}"
        )
        return {row["owner"]: rows.read_usage(row) for row in found}

    def _rows(self, query: str, *values: object) -> list[Row]:
        with self._guard:
            return self._connection.execute(query, values).fetchall()


def _score(row: Row) -> Score:
    is_plain = row["tasks"] == row["attempted"]
    return Score(row["solved"], row["attempted"], 0 if is_plain else row["tasks"])
