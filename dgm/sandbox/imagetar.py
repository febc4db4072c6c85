"""A folder out of an image, as the engine packs it: files, folders, and links that stay inside.

Covered: what `transfer` covers, but links are kept: hard links as copies, symbolic ones where they
lead to a place inside the folder; all are made after the last file, so that none is written
through. Git's own folders and what tools cache beside sources are left behind. Not covered: what
the files say.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from dgm.errors import UnsafeArchiveError
from dgm.sandbox.protocol import Collected
from dgm.sandbox.tarstream import Entry, TarStream
from dgm.sandbox.transfer import MAX_PATH, MAX_SKIPPED, checked_parts, place

CACHES = frozenset(
    {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".tox", ".nox"}
)
_HARD, _SYMBOLIC = b"1", b"2"


def unpack_image(
    stream: Iterable[bytes], into: Path, *, max_bytes: int, max_files: int
) -> Collected:
    """Unpack what the engine packed of one folder, whose own name comes first in every path.

    `into` is an empty folder of the host. Raises: UnsafeArchiveError at the first entry that
    breaks a rule; what was written before stays below `into`.
    """
    tar = TarStream(stream, max_path=MAX_PATH)
    links: list[tuple[tuple[str, ...], Entry]] = []
    files = total = 0
    skipped: list[str] = []
    for entry in tar:
        total += entry.size
        parts = checked_parts(entry.name)[1:]
        if files + len(links) > max_files or total > max_bytes:
            raise UnsafeArchiveError(
                f"more than {max_files} files or {max_bytes >> 20} MiB came out of the image"
            )
        if _stays(parts) or not (entry.is_wanted or entry.kind in (_HARD, _SYMBOLIC)):
            skipped += ["/".join(parts)] if len(skipped) < MAX_SKIPPED and parts else []
            tar.skip(entry)
        elif not entry.is_wanted:
            links.append((parts, entry))
            tar.skip(entry)
        else:
            place(tar, entry, into.joinpath(*parts))
            files += entry.is_file
    for parts, entry in sorted(links, key=lambda link: link[1].kind):  # copies before links
        if _linked(into, parts, entry):
            files += 1
        elif len(skipped) < MAX_SKIPPED:
            skipped.append("/".join(parts))
    return Collected(files, total, tuple(skipped))


def _stays(parts: tuple[str, ...]) -> bool:
    return any(part.lower() == ".git" or part in CACHES for part in parts)


def _linked(into: Path, parts: tuple[str, ...], entry: Entry) -> bool:
    """Make a link's copy, or the link if it stays inside; whether that was done."""
    path = into.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.parent.resolve() != into.resolve().joinpath(*parts[:-1]) or os.path.lexists(path):
        raise UnsafeArchiveError(f"two entries claim one path: {'/'.join(parts)[:80]!r}")
    if entry.kind == _HARD:
        original = into.joinpath(*checked_parts(entry.target)[1:])
        if not original.is_file():
            return False
        shutil.copyfile(original, path)
        path.chmod(original.stat().st_mode)
        return True
    target = os.fsdecode(entry.target)
    if not _is_inside(parts, target):
        return False
    path.symlink_to(target)
    return True


def _is_inside(parts: tuple[str, ...], target: str) -> bool:
    """Whether a link at `parts` leads, by its words alone, to a place below the folder.

    Only what it begins with may be `..`: further on, that could be another link's way out.
    """
    if not target or PurePosixPath(target).is_absolute() or "\0" in target:
        return False
    words = PurePosixPath(target).parts
    up = next((place for place, word in enumerate(words) if word != ".."), len(words))
    return ".." not in words[up:] and up < len(parts)
