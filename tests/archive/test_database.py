import os
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from dgm.archive.database import open_for_reading, open_for_writing, transaction, translated
from dgm.archive.reader import RunReader
from dgm.archive.store import Store
from dgm.errors import ArchiveError


def test_migration_brings_an_older_database_up_to_date(tmp_path):
    first = "CREATE TABLE t (x INTEGER) STRICT; INSERT INTO t VALUES (7);"
    second = "ALTER TABLE t ADD COLUMN y INTEGER NOT NULL DEFAULT 3;"
    with open_for_writing(tmp_path / "run.db", [first]):
        pass
    with open_for_writing(tmp_path / "run.db", [first, second]) as connection:
        assert tuple(connection.execute("SELECT x, y FROM t").fetchone()) == (7, 3)


def test_failing_migration_changes_nothing(tmp_path):
    first = "CREATE TABLE t (x INTEGER) STRICT;"
    broken = "CREATE TABLE u (x INTEGER) STRICT; ALTER TABLE none ADD COLUMN y;"
    with open_for_writing(tmp_path / "run.db", [first]):
        pass
    with (
        pytest.raises(ArchiveError, match="none"),
        open_for_writing(tmp_path / "run.db", [first, broken]),
    ):
        pass
    with open_for_writing(tmp_path / "run.db", [first]) as connection:
        names = connection.execute("SELECT name FROM sqlite_master").fetchall()
        assert [name for (name,) in names] == ["t"]


def test_newer_version_is_refused_in_one_line_and_left_alone(store):
    path = store.run.database
    store._connection.execute("PRAGMA user_version = 99")
    for opened in (open_for_reading(path), open_for_writing(path)):
        with pytest.raises(ArchiveError, match="newer dgm") as error, opened:
            pass
        assert "\n" not in str(error.value)
    assert store._connection.execute("PRAGMA user_version").fetchone()[0] == 99


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "not a complete run"), (b"", "half written"), (b"no database " * 500, "damaged")],
)
def test_half_written_or_damaged_database_is_one_clear_line(tmp_path, content, complaint):
    if content is not None:
        (tmp_path / "run.db").write_bytes(content)
    with pytest.raises(ArchiveError, match=complaint), RunReader.open(tmp_path):
        pass


def test_full_disk_is_one_clear_line_and_harms_nothing(seeded):
    pages = seeded._connection.execute("PRAGMA page_count").fetchone()[0]
    seeded._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ArchiveError, match="the disk is full"):
        seeded.remember("much", "x" * 100_000)
    seeded._connection.execute("PRAGMA max_page_count = 1000000")
    assert seeded.recall("much") is None
    seeded.remember("much", "fits now")


def test_reading_connection_cannot_write(store):
    path = store.run.database
    with (
        open_for_reading(path) as connection,
        pytest.raises(ArchiveError, match="readonly"),
        translated(path),
        transaction(connection),
    ):
        connection.execute("DELETE FROM meta")


def test_tables_keep_types_and_references(store):
    for statement in (
        "INSERT INTO agents (number, id, parent_id, state, created_at) "
        "VALUES (1, 'a0001', 'a0077', 'x', 0)",
        "INSERT INTO agents (number, id, state, created_at) VALUES (1, 'a0001', 'x', 0)",
        "INSERT INTO agents (number, id, state, created_at) VALUES ('zero', 'a0000', 'x', 0)",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            store._connection.execute(statement)


@contextmanager
def as_stranger():
    """Act as a user who may write nowhere, even when the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def read_as_stranger(folder: Path) -> list[str]:
    with as_stranger():
        with pytest.raises(PermissionError):
            (folder / "control").touch()
        with RunReader.open(folder) as run:
            assert [branch.agent_id for branch in run.repository.branches()] == ["a0000"]
            return [agent.id for agent in run.agents()]


@pytest.fixture
def open_air():
    """A folder a stranger may enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="open-air-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for path in folder.rglob("*"):
            path.chmod(0o755)


def make_read_only(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)


def test_run_is_read_where_nothing_can_be_written(open_air, agent_folder):
    with Store.create(open_air / "run", "") as store:
        store.add_seed(agent_folder)
    make_read_only(open_air / "run")
    assert not (open_air / "run" / "run.db-wal").exists()
    assert read_as_stranger(open_air / "run") == ["a0000"]


def test_run_killed_while_writing_is_read_where_nothing_can_be_written(open_air, agent_folder):
    with Store.create(open_air / "live", "") as store:
        store.add_seed(agent_folder)
        shutil.copytree(open_air / "live", open_air / "run")  # as kill -9 would leave it
    (open_air / "run" / "run.db-shm").unlink()
    assert (open_air / "run" / "run.db-wal").stat().st_size > 0
    make_read_only(open_air / "run")
    assert read_as_stranger(open_air / "run") == ["a0000"]


def test_run_that_cannot_be_written_is_refused_for_writing(tmp_path, agent_folder):
    with Store.create(tmp_path / "run", ""):
        pass
    (tmp_path / "run" / "writer.lock").unlink()
    (tmp_path / "run" / "writer.lock").mkdir()  # stands for a read-only disk, for root as well
    with (
        pytest.raises(ArchiveError, match="cannot be written"),
        Store.open(tmp_path / "run"),
    ):
        pass
