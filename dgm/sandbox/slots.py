"""Slots: user ids that belong to one sandbox at a time, on the whole machine.

A slot is a byte of one lock file. The lock belongs to the open file (an "open file description
lock", fcntl(2)), so the kernel gives a slot back when its holder closes it or dies.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dgm.errors import SandboxError

FIRST_UID = 700_000
COUNT = 4096
LOCK_FILE = Path("/run/dgm-slots")


@contextmanager
def lease() -> Iterator[int]:
    """Hold a user id that no other sandbox on this machine has. Raises: SandboxError if none."""
    fd = _open_lock_file()
    try:
        yield FIRST_UID + _lock_a_free_one(fd)
    finally:
        os.close(fd)


@contextmanager
def hold(uid: int) -> Iterator[bool]:
    """Hold this very user id if nobody has it, and say whether that is so."""
    fd = _open_lock_file()
    try:
        yield _lock(fd, uid - FIRST_UID)
    finally:
        os.close(fd)


def _open_lock_file() -> int:
    return os.open(LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _lock_a_free_one(fd: int) -> int:
    """Lock any: a sandbox can see its own, and the first free one would tell how many there are."""
    first = secrets.randbelow(COUNT)
    for number in range(COUNT):
        slot: int = (first + number) % COUNT
        if _lock(fd, slot):
            return slot
    raise SandboxError(f"all {COUNT} sandbox slots of this machine are taken; run fewer workers")


def _lock(fd: int, slot: int) -> bool:
    """Lock one slot, if it is free."""
    request = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, slot, 1, 0)
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, request)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        return False
    return True
