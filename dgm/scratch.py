"""One folder for all temporary files of a process, so that those of a killed one can be removed.

It lies at `<temporary folder>/dgm-scratch-<uid>-<random>`, locked by its owner as long as that
lives, however it dies. What carries no lock is a dead process's, and the next start removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "dgm-scratch-"


@contextmanager
def scratch_folder(base: Path | None = None) -> Iterator[Path]:
    """Let everything that asks `tempfile` for a place get one below a folder of this process.

    It lies in `base`, by default where temporary files do.
    """
    base = base or Path(tempfile.gettempdir())
    reap(base)
    folder, lock = _make(base)
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def reap(base: Path) -> int:
    """Remove what dead processes of this user left below `base`; return how many folders."""
    return sum(_reap_folder(folder) for folder in base.glob(f"{_prefix()}*"))


def _prefix() -> str:
    return f"{PREFIX}{os.getuid()}-"


def _make(base: Path) -> tuple[Path, int]:
    """Make and lock a folder; again if another start took it for a dead one's in between."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_prefix(), dir=base))
        with suppress(FileNotFoundError):
            lock = _open(folder)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.is_dir():
                return folder, lock
            os.close(lock)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _reap_folder(folder: Path) -> bool:
    try:
        lock = _open(folder)
    except OSError:  # gone meanwhile, a link, or somebody else's
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
