"""One writer per run: an advisory lock on a file, which the kernel drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dgm.archive.disk import writing_to
from dgm.errors import ArchiveError


@contextmanager
def writer_lock(path: Path, run: str) -> Iterator[None]:
    """Hold the run's lock; child processes do not inherit it.

    Raises: ArchiveError if another process holds it, or the file cannot be written.
    """
    with writing_to(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _take(handle, run)
        yield
    finally:
        os.close(handle)


def _take(handle: int, run: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise ArchiveError(
            f"run {run} is being evolved by process {holder}; "
            "wait until it ends, or stop it and try again"
        ) from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(os.getpid()).encode(), 0)


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock; False if the file does not exist."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
