"""The writing of facts: rollouts, what was spent, events. Each method is one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from sqlite3 import Connection

from dgm.archive import rows
from dgm.archive.branches import AgentRepository
from dgm.archive.database import transaction, translated
from dgm.archive.disk import writing_to
from dgm.archive.layout import RunFolder
from dgm.archive.reader import GRADER_KEY, RunReader
from dgm.events import EventKind, Scalar
from dgm.records import Outcome, Purpose, Rollout, RolloutKey, Split, Usage

Clock = Callable[[], float]


class Ledger(RunReader):
    """A run to whose rows facts can be added; agents are written by the `Store` built on it."""

    def __init__(
        self, run: RunFolder, connection: Connection, repository: AgentRepository, clock: Clock
    ) -> None:
        super().__init__(run, connection, repository)
        self._clock = clock

    def start_rollout(
        self, agent_id: str, task_id: str, split: Split | None, key: RolloutKey
    ) -> str:
        """Open a rollout charged to `agent_id`, with an empty folder, and return its id."""
        with self._transaction():
            number = self._next("rollouts", first=1)
            rollout_id = f"r{number:06d}"
            folder = self.run.rollout(rollout_id)
            with writing_to(folder):
                folder.mkdir(parents=True, exist_ok=True)
            self._execute(
                "INSERT INTO rollouts (number, id, agent_id, task_id, split, purpose, tree_hash, "
                "task_digest, attempt, grader_version, started_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(number, rollout_id, agent_id, task_id, split, key.purpose, key.tree_hash),
                *(key.task_digest, key.attempt, key.grader_version, self._clock()),
            )
            self._tell(EventKind.ROLLOUT_STARTED, agent_id, rollout=rollout_id, task=task_id)
        return rollout_id

    def finish_rollout(self, rollout: Rollout) -> Rollout:
        """Record how a rollout ended, and return the one that stands for its unit of work.

        Finishing twice changes nothing. If the same work was finished under another id, that one
        stands; this one is kept as missing data, and what it spent is counted.

        Raises: ArchiveError if it was never started.
        """
        with self._transaction():
            if not self._is_running(rollout.id):
                return self.rollout(rollout.id)
            earlier = self.find_rollout(rollout.key) if rollout.outcome.is_evidence else None
            if earlier:
                self._close(rollout, Outcome.INFRASTRUCTURE, f"same work as {earlier.id}")
            else:
                self._close(rollout, rollout.outcome, rollout.detail)
        return earlier or self.rollout(rollout.id)

    def close_abandoned(self, usage_of: Callable[[str], Usage]) -> tuple[Rollout, ...]:
        """Close what a killed run left running: missing data, its spending counted.

        `usage_of` tells what a rollout had spent, by its id (from its transcript).
        """
        abandoned = self.running_rollouts()
        for rollout_id in abandoned:
            usage = usage_of(rollout_id)
            with self._transaction():
                (row,) = self._rows("SELECT * FROM rollouts WHERE id = ?", rollout_id)
                self._execute(
                    "UPDATE rollouts SET outcome = ?, detail = ? WHERE id = ?",
                    *(Outcome.INFRASTRUCTURE, "abandoned when the run was killed", rollout_id),
                )
                self._spend(row["agent_id"], Purpose(row["purpose"]).step, usage, rollout_id)
                self._tell(EventKind.ROLLOUT_ABANDONED, row["agent_id"], rollout=rollout_id)
        return tuple(map(self.rollout, abandoned))

    def count_grader(self, version: str) -> None:
        """Let scores count what this version of the grader said, and nothing else, from now on."""
        with self._transaction():
            self._execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", GRADER_KEY, version)
            self._tell(EventKind.RUN_REGRADED, None, version=version)

    def append_event(self, kind: EventKind, agent_id: str | None = None, **data: Scalar) -> None:
        """Tell something that changes no row."""
        with self._transaction():
            self._tell(kind, agent_id, **data)

    def remember(self, key: str, value: str) -> None:
        """Keep a small text with the run (the random state, ...); see `recall`."""
        with self._transaction():
            self._execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value)

    def _is_running(self, rollout_id: str) -> bool:
        found = self._rows("SELECT outcome FROM rollouts WHERE id = ?", rollout_id)
        return bool(found) and found[0]["outcome"] is None

    def _close(self, rollout: Rollout, outcome: Outcome, detail: str) -> None:
        self._execute(
            "UPDATE rollouts SET outcome = ?, detail = ?, exit_code = ?, patch_bytes = ?, "
            "agent_s = ?, total_s = ?, limits_in_force = ?, tests_passed = ?, tests_total = ?, "
            "regraded_from = ? WHERE id = ?",
            *(outcome, detail, rollout.exit_code, rollout.patch_bytes),
            *(rollout.agent_s, rollout.total_s, "\n".join(rollout.limits_in_force)),
            *(rollout.tests_passed, rollout.tests_total, rollout.regraded_from, rollout.id),
        )
        self._spend(rollout.agent_id, rollout.key.purpose.step, rollout.usage, rollout.id)
        self._tell(
            EventKind.ROLLOUT_FINISHED,
            rollout.agent_id,
            rollout=rollout.id,
            task=rollout.task_id,
            outcome=outcome,
        )

    def _spend(self, agent_id: str, step: str, usage: Usage, rollout_id: str) -> None:
        values = (agent_id, step, rollout_id, *rows.usage_values(usage))
        self._execute(
            f"INSERT INTO spending (agent_id, step, rollout_id, {rows.USAGE_COLUMNS}) "
            f"VALUES ({', '.join('?' * len(values))})",
            *values,
        )

    def _tell(self, kind: EventKind, agent_id: str | None, **data: Scalar) -> None:
        self._execute(
            "INSERT INTO events (at, kind, agent_id, data) VALUES (?, ?, ?, ?)",
            *(self._clock(), kind, agent_id, json.dumps(data, ensure_ascii=False)),
        )

    def _next(self, table: str, first: int) -> int:
        (row,) = self._rows(f"SELECT coalesce(max(number) + 1, ?) AS next FROM {table}", first)
        return int(row["next"])

    def _execute(self, statement: str, *values: object) -> None:
        self._connection.execute(statement, tuple(map(_storable, values)))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guard, translated(self.run.database), transaction(self._connection):
            yield


def _storable(value: object) -> object:
    """Replace what UTF-8 cannot hold: models and agents can make such strings."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
