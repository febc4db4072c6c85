"""The sweep finds a key wherever a run could leave it, and leaves everything as it is."""

import gzip
import secrets
import sqlite3
import subprocess
from contextlib import closing

import pytest

from tests.sweep import sweep


@pytest.fixture
def canary():
    return f"canary-{secrets.token_hex(8)}"


@pytest.fixture
def database(tmp_path, canary):
    """A database in WAL mode whose log was left beside it by a reader."""
    path = tmp_path / "run.db"
    with closing(sqlite3.connect(path)) as writing:
        writing.execute("PRAGMA journal_mode = WAL")
        writing.execute("create table facts (detail)")
        writing.execute("insert into facts values (?)", ("y" * 10_000 + canary,))
        writing.commit()
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reading:
        reading.execute("select count(*) from facts").fetchone()
    return path


def test_key_is_found_wherever_a_run_could_leave_it(tmp_path, canary, database):
    key = canary.encode()
    (tmp_path / "log.txt").write_bytes(b"x" * 100_000 + key)
    (tmp_path / "transcript.jsonl.gz").write_bytes(gzip.compress(key))
    repository = tmp_path / "agents.git"
    subprocess.run(["git", "init", "-q", "--bare", str(repository)], check=True)
    store = ["git", "-C", str(repository), "hash-object", "-w", "--stdin"]
    subprocess.run(store, input=key, capture_output=True, check=True)
    assert sweep(tmp_path, key) == ["log.txt", "run.db", "transcript.jsonl.gz", "agents.git"]


def test_files_that_are_left_beside_a_database_stay_there(tmp_path, canary, database):
    log = tmp_path / "run.db-wal"
    assert log.exists(), "the reader has left no log: nothing is shown"
    sweep(tmp_path, canary.encode())
    assert log.exists()
