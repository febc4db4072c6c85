"""What the operating system refused, as one line: what, where, and what to do."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from pathlib import Path

from dgm.cli.output import STANDARD_OUTPUT, remark
from dgm.scratch import PREFIX

FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up"}
_CLOSED = {
    errno.EROFS: "it is on a read-only file system",
    errno.EACCES: "permission denied",
    errno.EPERM: "not permitted",
}


def has_output() -> bool:
    """Give a standard stream that is closed a place to go; False if nobody could read a result."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    is_closed = sys.stdout is None
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", closefd=False))
    if is_closed:
        remark("standard output is closed; open it, or send it into a file")
    return not is_closed


def explain(error: OSError, arguments: argparse.Namespace | None) -> str | None:
    """Return the line; None for what is no matter of files."""
    reason = error.strerror or str(error)
    if error.filename in (None, STANDARD_OUTPUT):
        is_known = _drop_output() or error.filename is not None
        return f"{STANDARD_OUTPUT} cannot be written: {reason}" if is_known else None
    archive = getattr(arguments, "archive", None)
    name, is_in_archive = _place(Path(os.fsdecode(error.filename)), archive)
    code = error.errno or 0
    if code in FULL:
        return f"{name}: {FULL[code]}; make room, then try again"
    remedy = "; name another place with --archive" if is_in_archive else ""
    return f"{name}: {_CLOSED.get(code, reason)}{remedy}"


def _place(path: Path, archive: Path | None) -> tuple[Path, bool]:
    """Return the part of a path that the user knows, and whether that is in the archive."""
    if archive is not None and path.absolute().is_relative_to(archive.absolute()):
        below = path.absolute().relative_to(archive.absolute())
        is_passing = any(part.startswith(".") for part in below.parts)
        return archive if is_passing else path, True
    for folder in path.parents:
        if folder.name.startswith(PREFIX):
            return folder.parent, False
    return path, False


def _drop_output() -> bool:
    """Whether what was printed cannot be written; then drop it, so that Python can end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return True
    return False
