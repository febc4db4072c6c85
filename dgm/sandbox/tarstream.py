"""A small reader of tar streams that a stranger wrote: ustar, and the names of pax and GNU tar.

Format: POSIX.1-2017, `pax` utility, "ustar Interchange Format"; GNU tar manual, "Basic Tar
Format". Sizes and names are bounded before anything is allocated; nothing is looked at twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from dgm.errors import UnsafeArchiveError

_BLOCK = 512
_FILE, _FOLDER = b"0", b"5"
_LEFT_BEHIND = (b"1", b"2", b"3", b"4", b"6")
_LINKS = (b"1", b"2")
_EXTENSIONS = (b"x", b"g", b"L", b"K")
_MAX_EXTENSION = 64 * 1024
_MAX_EXTENSIONS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `is_wanted` is false for links and devices, which carry no content.

    `target` is where a link says it leads.
    """

    name: bytes
    kind: bytes
    mode: int
    size: int
    target: bytes = b""

    @property
    def is_file(self) -> bool:
        """Whether this is a regular file."""
        return self.kind == _FILE

    @property
    def is_wanted(self) -> bool:
        """Whether this is a regular file or a folder."""
        return self.kind in (_FILE, _FOLDER)


@dataclass(frozen=True, slots=True)
class _Extension:
    """What a pax or GNU header says of the entry that follows it."""

    name: bytes | None = None
    size: int | None = None
    target: bytes | None = None


class TarStream:
    """Iterates over entries; between two of them the content is read, or skipped.

    Raises: UnsafeArchiveError for anything malformed or of an unknown kind.
    """

    def __init__(self, stream: Iterable[bytes], *, max_path: int) -> None:
        self._chunks = iter(stream)
        self._buffer = bytearray()
        self._max_path = max_path
        self._extensions = 0

    def __iter__(self) -> Iterator[Entry]:
        extension = _Extension()
        while (block := self._read(_BLOCK)) != bytes(_BLOCK):
            kind, size = _kind(block), _number(block[124:136])
            if kind in _EXTENSIONS:
                extension = self._extended(extension, kind, size)
                continue
            yield self._entry(block, kind, size, extension)
            extension = _Extension()
        self._drain()

    def content(self, entry: Entry) -> Iterator[bytes]:
        """Yield an entry's content and step over its padding."""
        left = entry.size
        while left:
            chunk = self._some(left)
            left -= len(chunk)
            yield chunk
        self._read(-entry.size % _BLOCK)

    def skip(self, entry: Entry) -> None:
        """Step over an entry's content."""
        for _ in self.content(entry):
            continue

    def _entry(self, block: bytes, kind: bytes, size: int, extension: _Extension) -> Entry:
        name = extension.name if extension.name is not None else _name(block)
        if extension.size is not None:
            size = extension.size
        if not 0 < len(name) <= self._max_path:
            raise UnsafeArchiveError(f"a path of {len(name)} bytes, {self._max_path} are allowed")
        if kind == _FOLDER or kind in _LEFT_BEHIND:
            size = 0
        target = b""
        if kind in _LINKS:
            target = block[157:257].split(b"\0", 1)[0]
            target = target if extension.target is None else extension.target
        return Entry(name, kind, _number(block[100:108]), size, target)

    def _extended(self, before: _Extension, kind: bytes, size: int) -> _Extension:
        """Read the body of a pax or GNU header; global ones say nothing of use."""
        self._extensions += _BLOCK + size
        if size > _MAX_EXTENSION or self._extensions > _MAX_EXTENSIONS:
            raise UnsafeArchiveError(f"an extended header of {size} bytes, or too many of them")
        body = self._read(size)
        self._read(-size % _BLOCK)
        if kind == b"L":
            return replace(before, name=body.rstrip(b"\0"))
        if kind == b"K":
            return replace(before, target=body.rstrip(b"\0"))
        return _pax(body, before) if kind == b"x" else before

    def _read(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._buffer += self._next()
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def _some(self, most: int) -> bytes:
        return self._read(min(most, max(len(self._buffer), 1)))

    def _next(self) -> bytes:
        chunk = next(self._chunks, None)
        if chunk is None:
            raise UnsafeArchiveError("the archive ends in the middle")
        return chunk

    def _drain(self) -> None:
        """Let the sender finish; padding after the end is normal, an archive's worth is not."""
        after = 0
        for chunk in chain((self._buffer,), self._chunks):
            after += len(chunk)
            if after > _MAX_EXTENSION:
                raise UnsafeArchiveError("the archive goes on after its end")


def _kind(block: bytes) -> bytes:
    """Return the kind of entry after checking the header's sum."""
    told = _number(block[148:156])
    if told != sum(block[:148]) + 32 * 8 + sum(block[156:]):
        raise UnsafeArchiveError("a header's checksum is wrong")
    kind = block[156:157]
    if kind in (b"\0", b"7"):
        return _FILE
    if kind not in (_FILE, _FOLDER, *_EXTENSIONS, *_LEFT_BEHIND):
        raise UnsafeArchiveError(f"an entry of unknown kind {kind!r}")
    return kind


def _number(field: bytes) -> int:
    """Decode an octal number, or the binary form GNU tar uses for sizes beyond 8 GiB."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not all(digit in b"01234567" for digit in digits):
        raise UnsafeArchiveError(f"a malformed number in a header: {field!r}")
    return int(digits or b"0", 8)


def _name(block: bytes) -> bytes:
    name = block[:100].split(b"\0", 1)[0]
    prefix = block[345:500].split(b"\0", 1)[0] if block[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _pax(body: bytes, before: _Extension) -> _Extension:
    """Decode pax records, `LENGTH KEY=VALUE` and a newline; sparse files are refused."""
    name, size, target = before.name, before.size, before.target
    for record in _records(body):
        key, is_pair, value = record.partition(b"=")
        if not is_pair or key.startswith(b"GNU.sparse"):
            raise UnsafeArchiveError("a pax record that is not understood")
        if key == b"path":
            name = value
        elif key == b"linkpath":
            target = value
        elif key == b"size":
            if not value.isdigit() or len(value) > 19:
                raise UnsafeArchiveError("a malformed size in a pax record")
            size = int(value)
    return _Extension(name, size, target)


def _records(body: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(body):
        length, has_space, _ = body[at : at + 20].partition(b" ")
        if not has_space or not length.isdigit():
            raise UnsafeArchiveError("a malformed pax record")
        end = at + int(length)
        begin = at + len(length) + 1
        if not begin < end <= len(body) or body[end - 1 : end] != b"\n":
            raise UnsafeArchiveError("a malformed pax record")
        yield body[begin : end - 1]
        at = end
