"""A folder as a git tree, computed in this process: no git program reads what an agent made.

Covered: links, devices, nested repositories, submodules, names that git, terminals or other file
systems mistake for something else, and anything beyond the limits. Filters, hooks and attributes
cannot act, since file contents are hashed as they are.
Not covered: a folder that changes while it is read; it must belong to the host.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from dgm.errors import ChildRefusedError

MAX_BYTES = 8 * 1024 * 1024
MAX_FILES = 2_000
_MAX_DEPTH = 32
_MAX_NAME_BYTES = 255
_MAX_PATH_BYTES = 1_024
_GIT_NAMES = frozenset({".git", "git~1", ".gitmodules"})

Put: TypeAlias = Callable[[str, bytes], bytes]
"""Takes an object's kind (`blob`, `tree`, `commit`) and content, and returns its binary hash."""


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """One regular file; `path` is relative, with slashes."""

    path: str
    data: bytes
    is_executable: bool = False

    @property
    def is_binary(self) -> bool:
        """Whether this is no text that people and models can read."""
        return b"\0" in self.data

    @property
    def blob_hash(self) -> str:
        """Git's hash of the content."""
        return hash_object("blob", self.data).hex()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All files of a folder, by path, and git's hash of their tree; empty folders do not count."""

    files: tuple[SnapshotFile, ...]
    tree_hash: str


def take_snapshot(folder: Path) -> Snapshot:
    """Read a folder the host owns; a `.git` directly in it must have been removed before.

    Raises: ChildRefusedError with the reason.
    """
    files: list[SnapshotFile] = []
    size = 0
    for entry in _walk(folder, depth=1):
        path = Path(entry.path).relative_to(folder).as_posix()
        size += entry.stat(follow_symlinks=False).st_size
        if size > MAX_BYTES:
            raise ChildRefusedError(f"its files exceed {MAX_BYTES // 2**20} MiB")
        if len(files) == MAX_FILES:
            raise ChildRefusedError(f"it has more than {MAX_FILES} files")
        if len(path.encode()) > _MAX_PATH_BYTES:
            raise ChildRefusedError(
                f"a path is longer than {_MAX_PATH_BYTES} bytes: {path[:60]}..."
            )
        files.append(_read(entry, path))
    files.sort(key=lambda file: file.path)
    return Snapshot(tuple(files), write_tree(files).hex())


def encode_object(kind: str, data: bytes) -> bytes:
    """Return an object as git stores and hashes it."""
    return f"{kind} {len(data)}\0".encode() + data


def hash_object(kind: str, data: bytes) -> bytes:
    """Return git's binary hash of an object."""
    return hashlib.sha1(encode_object(kind, data), usedforsecurity=False).digest()


def write_tree(files: Sequence[SnapshotFile], put: Put = hash_object) -> bytes:
    """Put all blobs and trees, deepest first, and return the hash of the top tree."""
    below: dict[str, list[SnapshotFile]] = {}
    entries: list[tuple[bytes, bytes, bytes]] = []  # what git sorts by, the entry's head, hash
    for file in files:
        name, slash, rest = file.path.partition("/")
        if slash:
            below.setdefault(name, []).append(replace(file, path=rest))
        else:
            mode = "100755" if file.is_executable else "100644"
            entries.append((name.encode(), f"{mode} {name}".encode(), put("blob", file.data)))
    for name, inner in below.items():
        entries.append((f"{name}/".encode(), f"40000 {name}".encode(), write_tree(inner, put)))
    return put("tree", b"".join(head + b"\0" + digest for _, head, digest in sorted(entries)))


def _walk(folder: Path, depth: int) -> Iterator[os.DirEntry[str]]:
    if depth > _MAX_DEPTH:
        raise ChildRefusedError(f"its folders are nested deeper than {_MAX_DEPTH}")
    with os.scandir(folder) as entries:
        for entry in entries:
            _check_name(entry.name)
            if entry.is_symlink():
                raise ChildRefusedError(f"it holds a link: {entry.name}")
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), depth + 1)
            elif entry.is_file(follow_symlinks=False):
                yield entry
            else:
                raise ChildRefusedError(f"it holds neither file nor folder: {entry.name}")


def _check_name(name: str) -> None:
    if name.casefold().partition(":")[0].rstrip(". ") in _GIT_NAMES:
        raise ChildRefusedError(f"it holds a nested repository or submodule: {name!r}")
    if not name.isprintable() or "\\" in name or len(os.fsencode(name)) > _MAX_NAME_BYTES:
        # Lone surrogates stand for bytes that are not UTF-8; they are not printable either.
        raise ChildRefusedError(f"it holds a file with an unusable name: {ascii(name)[:80]}")


def _read(entry: os.DirEntry[str], path: str) -> SnapshotFile:
    handle = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        mode = os.fstat(handle).st_mode
        return SnapshotFile(path, stream.read(), is_executable=bool(mode & 0o100))
