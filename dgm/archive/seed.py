"""Bring an agent's repository of the user's into a folder the host owns."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from dgm import hostgit
from dgm.archive.manifest import read_manifest
from dgm.archive.snapshot import MAX_BYTES, MAX_FILES, take_snapshot
from dgm.errors import AgentFormatError, ChildRefusedError, ProcessFailedError
from dgm.records import AgentManifest

_LEFT_OUT = frozenset(
    {".git", "__pycache__", ".venv", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
)


def import_seed(path: Path, into: Path) -> AgentManifest:
    """Copy a seed agent's files: those git tracks (as they lie there now), or else all.

    `into` must not exist; it is made whole or not at all. The user's repository is only read.

    Raises: AgentFormatError if it is no agent, or holds what an agent must not.
    """
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise AgentFormatError(f"the seed agent {path} {what}; name a folder with an agent.toml")
    read_manifest(path)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, into, ignore_errors=True)
        try:
            names = _tracked_files(path) or list(islice(_all_files(path), MAX_FILES + 1))
            _copy(path, names, into)
            take_snapshot(into)
        except ChildRefusedError as refusal:
            raise AgentFormatError(f"{path} cannot be an agent: {refusal.reason}") from refusal
        manifest = read_manifest(into)
        stack.pop_all()
    return manifest


def _tracked_files(path: Path) -> list[str]:
    """Ask git for the files it tracks below `path`; none if that is no repository of its own."""
    if not (path / ".git").exists():
        return []
    try:
        names = hostgit.list_files(path)
    except ProcessFailedError as error:
        raise AgentFormatError(f"git cannot read {path}: {error}") from error
    return [name for name in names if os.path.lexists(path / name)]


def _all_files(path: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(path):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        folders[:] = [name for name in folders if name not in _LEFT_OUT and name not in links]
        here = Path(folder).relative_to(path)
        yield from (str(here / name) for name in (*files, *links) if name not in _LEFT_OUT)


def _copy(path: Path, names: Sequence[str], into: Path) -> None:
    """Copy files, refusing what a snapshot would refuse for its size before it lies on the disk."""
    if len(names) > MAX_FILES:
        raise ChildRefusedError(f"it has more than {MAX_FILES} files")
    into.mkdir(parents=True)
    left = MAX_BYTES
    for name in names:
        source, target = path / name, into / name
        if not hostgit.is_plain_path(path, name) or not source.is_file():
            raise AgentFormatError(
                f"{path} cannot be an agent: {name} is a link, a submodule, or no file of its own"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        left -= _copy_file(source, target, left)


def _copy_file(source: Path, target: Path, limit: int) -> int:
    """Copy one file of at most `limit` bytes, which may grow meanwhile; return its size."""
    handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        is_executable = bool(os.fstat(handle).st_mode & 0o100)
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise ChildRefusedError(f"its files exceed {MAX_BYTES // 2**20} MiB")
    target.write_bytes(data)
    target.chmod(0o755 if is_executable else 0o644)
    return len(data)
