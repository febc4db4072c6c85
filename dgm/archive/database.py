"""`run.db`: SQLite in WAL mode, so that reading commands work while a run writes.

`synchronous=NORMAL`: a killed process loses nothing, and a power cut can lose the newest
transactions but never corrupt the file; lost rollouts are simply run again. FULL would cost a
disk flush for each of the thousands of small transactions of a run.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from dgm.archive.layout import RunFolder
from dgm.archive.schema import MIGRATIONS
from dgm.errors import ArchiveError

_BUSY_TIMEOUT_S = 30.0


@contextmanager
def open_for_writing(
    path: Path, migrations: Sequence[str] = MIGRATIONS
) -> Iterator[sqlite3.Connection]:
    """Open (or make) the database and bring it to the newest version.

    Raises: ArchiveError if it is damaged, unwritable, or of a newer version.
    """
    with translated(path), closing(_connect(path, "mode=rwc")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection, path, migrations)
        yield connection


@contextmanager
def open_for_reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database without ever changing it, also where nothing can be written.

    Raises: ArchiveError if it is missing, damaged, or not of this version.
    """
    if not path.is_file():
        remedy = RunFolder(path.parent).remedy
        raise ArchiveError(f"{path.parent} is not a complete run: it has no {path.name}; {remedy}")
    with translated(path):
        try:
            connection = _checked(_connect(path, "mode=ro"), path)
        except sqlite3.OperationalError:
            # WAL needs a shared-memory file beside the database; here none can be made.
            connection = _open_unwritable(path)
        with closing(connection):
            yield connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit all that is done inside, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        yield


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the file into one line with the remedy."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise ArchiveError(
                f"the disk is full: {path}; free some space, then: dgm resume"
            ) from error
        raise ArchiveError(f"{path} cannot be used: {error}") from error
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise
        remedy = RunFolder(path.parent).remedy
        raise ArchiveError(f"{path} is damaged ({error}); {remedy}") from error


def _connect(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?{options}",
        uri=True,
        isolation_level=None,
        timeout=_BUSY_TIMEOUT_S,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    return connection


def _open_unwritable(path: Path) -> sqlite3.Connection:
    wal = path.with_name(f"{path.name}-wal")
    if not wal.exists() or not wal.stat().st_size:
        return _checked(_connect(path, "immutable=1"), path)
    with tempfile.TemporaryDirectory(prefix="dgm-read-") as folder:  # what a killed run left
        for file in (path, wal):
            shutil.copyfile(file, Path(folder, file.name))
        # Unlinked on leaving, yet readable as long as it is open.
        return _checked(_connect(Path(folder, path.name), "mode=rw"), path)


def _checked(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Refuse what another version wrote; the connection is closed then."""
    with ExitStack() as stack:
        stack.callback(connection.close)
        _refuse_unreadable(_version(connection), path)
        stack.pop_all()
    return connection


def _refuse_unreadable(version: int, path: Path) -> None:
    _refuse_newer(version, len(MIGRATIONS), path)
    if version == 0:
        remedy = RunFolder(path.parent).remedy
        raise ArchiveError(f"{path.parent} is half written: its database has no tables; {remedy}")
    if version < len(MIGRATIONS):
        raise ArchiveError(
            f"{path} has the older format {version}; bring it up to date: dgm resume {path.parent}"
        )


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _refuse_newer(version: int, known: int, path: Path) -> None:
    if version > known:
        raise ArchiveError(
            f"{path} was written by a newer dgm (format {version}, this one knows {known}); "
            "install a newer dgm"
        )


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    version = _version(connection)
    _refuse_newer(version, len(migrations), path)
    for number, script in enumerate(migrations[version:], start=version + 1):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
