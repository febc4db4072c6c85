"""Looking for a key in all that a run has left: files, packed files, databases, git objects."""

from __future__ import annotations

import gzip
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path


def sweep(folder: Path, canary: bytes) -> list[str]:
    """Name every file below a folder that holds the canary, and every repository (`*.git`)."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(canary in content for content in contents(path))
    ] + [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*.git"))
        if path.is_dir() and canary in objects(path)
    ]


def contents(path: Path) -> Iterator[bytes]:
    """What a file says, as it lies there and unpacked."""
    plain = path.read_bytes()
    yield plain
    if plain.startswith(b"\x1f\x8b"):
        yield gzip.decompress(plain)
    if plain.startswith(b"SQLite format 3\0"):
        yield "\n".join(_statements(path)).encode()


def _statements(path: Path) -> Iterator[str]:
    """All rows of a database, opened so that nothing of it changes.

    Whoever closes a database that was open for writing removes the files of its log, which
    readers leave beside it: then the sweep would miss files that it has just listed.
    """
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        yield from database.iterdump()


def objects(repository: Path) -> bytes:
    """Everything a git repository holds, reachable or not."""
    words = ["git", "-C", str(repository), "cat-file", "--batch", "--batch-all-objects"]
    return subprocess.run(words, capture_output=True, check=True).stdout
