"""A disk that is full or read-only is the user's to mend: one line, and the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dgm.errors import ArchiveError


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Turn an OSError raised inside into an ArchiveError that names `path`."""
    try:
        yield
    except OSError as error:
        raise ArchiveError(
            f"{path} cannot be written ({error.strerror}); free some space or mend its "
            "permissions, then try again"
        ) from error
