"""Files into a sandbox and out of it, as uncompressed tar.

`pack` is for folders of the host. `unpack` reads what a sandbox says, and believes nothing: it
makes regular files and folders only, below one fresh folder of the host, within bounds on bytes,
entries, depth and length of names.

Covered: `..`, absolute paths, control characters, links, devices, `.git`, duplicates, endless or
truncated streams, deep paths (no recursion). Not covered: what the files say.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterable
from pathlib import Path

from dgm.errors import UnsafeArchiveError
from dgm.sandbox.protocol import Collected
from dgm.sandbox.tarstream import Entry, TarStream

MAX_DEPTH = 40
MAX_COMPONENT = 255
MAX_PATH = 1024
MAX_SKIPPED = 1000


def pack(folder: Path, *, git_folder: Path | None = None) -> bytes:
    """Return a tar of a host folder: the same bytes for the same content.

    Owner, times and most of the mode are dropped; symbolic links are kept as links. A `.git` in
    the folder and every `__pycache__` are left out; `git_folder` is packed in its place.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        _add_tree(archive, folder, "")
        if git_folder is not None:
            _add(archive, git_folder, ".git")
            _add_tree(archive, git_folder, ".git/")
    return buffer.getvalue()


def unpack(stream: Iterable[bytes], into: Path, *, max_bytes: int, max_files: int) -> Collected:
    """Unpack a hostile tar into an empty folder of the host.

    Raises: UnsafeArchiveError at the first entry that breaks a rule; what was written before
    stays below `into`, for the caller to remove.
    """
    tar = TarStream(stream, max_path=MAX_PATH)
    files = entries = total = 0
    skipped: list[str] = []
    for entry in tar:
        entries += 1
        total += entry.size
        if entries > 2 * max_files or files > max_files:
            raise UnsafeArchiveError(f"more than {max_files} files came out of the sandbox")
        if total > max_bytes:
            raise UnsafeArchiveError(f"more than {max_bytes} bytes came out of the sandbox")
        parts = checked_parts(entry.name)
        if not entry.is_wanted or ".git" in (part.lower() for part in parts):
            if len(skipped) < MAX_SKIPPED:
                skipped.append("/".join(parts))
            tar.skip(entry)
            continue
        place(tar, entry, into.joinpath(*parts))
        files += entry.is_file
    if files > max_files:
        raise UnsafeArchiveError(f"more than {max_files} files came out of the sandbox")
    return Collected(files=files, bytes=total, skipped=tuple(skipped))


def _add_tree(archive: tarfile.TarFile, folder: Path, prefix: str) -> None:
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        paths = sorted(path for path in here.iterdir() if not _stays(path, folder))
        for path in paths:
            _add(archive, path, prefix + path.relative_to(folder).as_posix())
        waiting += (path for path in reversed(paths) if path.is_dir() and not path.is_symlink())


def _stays(path: Path, folder: Path) -> bool:
    """Whether a path is no content: git's own folder, and what Python compiles by the way."""
    return path == folder / ".git" or path.name == "__pycache__"


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a file, folder or symbolic link; anything else is no content and is left out."""
    status = path.lstat()
    entry = tarfile.TarInfo(name)
    entry.mode = 0o755 if status.st_mode & 0o100 else 0o644
    if stat.S_ISREG(status.st_mode):
        entry.size = status.st_size
        with path.open("rb") as content:
            archive.addfile(entry, content)
    elif stat.S_ISDIR(status.st_mode):
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
    elif stat.S_ISLNK(status.st_mode):
        entry.type, entry.linkname = tarfile.SYMTYPE, os.fspath(path.readlink())
        archive.addfile(entry)


def checked_parts(name: bytes) -> tuple[str, ...]:
    """Split a path that is safe to join to a folder. Raises: UnsafeArchiveError."""
    try:
        path = name.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnsafeArchiveError(f"a path is not UTF-8: {name[:80]!r}") from error
    parts = tuple(path.rstrip("/").split("/"))
    if parts[0] == "." and len(parts) > 1:
        parts = parts[1:]
    if any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in path):
        raise UnsafeArchiveError(f"a path holds control characters: {path[:80]!r}")
    if path.startswith("/") or any(part in ("", "..", ".") for part in parts):
        raise UnsafeArchiveError(f"a path leaves its folder: {path[:80]!r}")
    if len(parts) > MAX_DEPTH or any(len(part.encode()) > MAX_COMPONENT for part in parts):
        raise UnsafeArchiveError(f"a path is too long or too deep: {path[:80]!r}")
    return parts


def place(tar: TarStream, entry: Entry, path: Path) -> None:
    """Make a file or a folder where nothing is yet. Raises: UnsafeArchiveError."""
    try:
        if entry.is_file:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(tar, entry, path)
        else:
            path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UnsafeArchiveError(f"two entries claim one path: {error}") from error


def _write(tar: TarStream, entry: Entry, path: Path) -> None:
    mode = 0o755 if entry.mode & 0o100 else 0o644
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with open(fd, "wb") as file:  # noqa: PTH123 - the descriptor carries O_EXCL and O_NOFOLLOW
        os.fchmod(fd, mode)
        for chunk in tar.content(entry):
            file.write(chunk)
