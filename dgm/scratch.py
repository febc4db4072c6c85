"""One folder for all temporary files of a process, so that those of a killed one can be removed.

It lies at `<temporary folder>/dgm-scratch-<uid>-<random>`, and a file in it says that it is ours,
locked by its owner as long as that lives, however it dies. What carries that file and no lock is a
dead process's, and the next start removes it; a name alone is no reason to.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "dgm-scratch-"
_OWNER = ".owner"
_MARKER = b"darwin-goedel-machine: temporary files of a running process\n"


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
    """Make and lock a folder; it is marked once it is locked, so that no start takes it."""
    folder = Path(tempfile.mkdtemp(prefix=_prefix(), dir=base))
    lock = os.open(folder / _OWNER, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.write(lock, _MARKER)
    return folder, lock


def _is_ours(folder: Path) -> bool:
    """Whether this is a folder, not a link to one, and belongs to this user."""
    facts = folder.lstat()
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid()


def _reap_folder(folder: Path) -> bool:
    try:
        if not _is_ours(folder):
            return False
        lock = os.open(folder / _OWNER, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # gone meanwhile, no folder of ours, or somebody else's
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.read(lock, len(_MARKER) + 1) != _MARKER:
            return False
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:  # held, or no file
        return False
    finally:
        os.close(lock)
    return True
