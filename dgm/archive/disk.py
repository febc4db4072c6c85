"""A disk that is full or read-only is the user's to mend: one line, and the remedy."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dgm.errors import ArchiveError

_ROOM = "free some space, then try again"
_REMEDIES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EROFS: "it can be read; to write, name another place with --archive",
}


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Turn an OSError raised inside into an ArchiveError that names `path`."""
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "mend its permissions, then try again")
        raise ArchiveError(f"{path} cannot be written ({error.strerror}); {remedy}") from error
