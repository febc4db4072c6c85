"""The tables of `run.db`. Migration n brings a database from version n - 1 to n; none is edited.

`spending` is the one place where tokens and money are kept, for rollouts and for the host's own
model calls alike; `rollouts.outcome` is null while a rollout runs. Scores are computed, never
stored; `meta` names the grader whose rows they count, once a run was graded again.
"""

from __future__ import annotations

_FIRST = """
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
    position          INTEGER PRIMARY KEY,
    id                TEXT NOT NULL UNIQUE,
    benchmark         TEXT NOT NULL,
    split             TEXT NOT NULL,
    digest            TEXT NOT NULL,
    statement         TEXT NOT NULL,
    timeout_s         REAL NOT NULL,
    grading_timeout_s REAL NOT NULL,
    difficulty        TEXT NOT NULL
) STRICT;

CREATE TABLE agents (
    number                INTEGER PRIMARY KEY,
    id                    TEXT NOT NULL UNIQUE,
    parent_id             TEXT REFERENCES agents (id),
    state                 TEXT NOT NULL,
    tree_hash             TEXT UNIQUE,
    title                 TEXT NOT NULL DEFAULT '',
    reason                TEXT NOT NULL DEFAULT '',
    diagnosis             TEXT,
    selection_probability REAL,
    created_at            REAL NOT NULL,
    finished_at           REAL,
    CHECK ((number = 0) = (parent_id IS NULL))
) STRICT;

CREATE TABLE rollouts (
    number          INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    agent_id        TEXT NOT NULL REFERENCES agents (id),
    task_id         TEXT NOT NULL,
    split           TEXT,
    purpose         TEXT NOT NULL,
    tree_hash       TEXT NOT NULL,
    task_digest     TEXT NOT NULL,
    attempt         INTEGER NOT NULL,
    grader_version  TEXT NOT NULL,
    outcome         TEXT,
    detail          TEXT NOT NULL DEFAULT '',
    exit_code       INTEGER,
    patch_bytes     INTEGER NOT NULL DEFAULT 0,
    agent_s         REAL NOT NULL DEFAULT 0,
    total_s         REAL NOT NULL DEFAULT 0,
    started_at      REAL NOT NULL,
    limits_in_force TEXT NOT NULL DEFAULT '',
    tests_passed    INTEGER,
    tests_total     INTEGER
) STRICT;
CREATE UNIQUE INDEX evidence ON rollouts (tree_hash, task_digest, purpose, attempt, grader_version)
    WHERE outcome IS NOT NULL AND outcome <> 'infrastructure';
CREATE INDEX scores ON rollouts (split, tree_hash, outcome)
    WHERE purpose = 'evaluate' AND outcome IS NOT NULL AND outcome <> 'infrastructure';
CREATE INDEX rollouts_of_agent ON rollouts (agent_id);
CREATE INDEX running ON rollouts (number) WHERE outcome IS NULL;

CREATE TABLE spending (
    id            INTEGER PRIMARY KEY,
    agent_id      TEXT NOT NULL REFERENCES agents (id),
    step          TEXT NOT NULL,
    rollout_id    TEXT UNIQUE REFERENCES rollouts (id),
    calls         INTEGER NOT NULL,
    input_tokens  INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_usd      REAL NOT NULL
) STRICT;
CREATE INDEX spending_of_agent ON spending (agent_id);

CREATE TABLE events (
    id       INTEGER PRIMARY KEY,
    at       REAL NOT NULL,
    kind     TEXT NOT NULL,
    agent_id TEXT,
    data     TEXT NOT NULL
) STRICT;
"""

_CACHE_AND_TIME = """
ALTER TABLE spending ADD COLUMN cache_read_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spending ADD COLUMN cache_write_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spending ADD COLUMN reused_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spending ADD COLUMN seconds REAL NOT NULL DEFAULT 0;
"""

_REGRADED = """
ALTER TABLE tasks ADD COLUMN is_impossible INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollouts ADD COLUMN regraded_from TEXT REFERENCES rollouts (id);
DROP INDEX scores;
CREATE INDEX scores ON rollouts (split, grader_version, tree_hash, outcome, task_id)
    WHERE purpose = 'evaluate' AND outcome IS NOT NULL AND outcome <> 'infrastructure';
CREATE INDEX graders ON rollouts (grader_version)
    WHERE grader_version <> '' AND outcome IS NOT NULL AND outcome <> 'infrastructure';
CREATE INDEX impossible ON rollouts (tree_hash) WHERE purpose = 'impossible';
CREATE INDEX tampered ON rollouts (tree_hash) WHERE outcome = 'tampered';
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _CACHE_AND_TIME, _REGRADED)
