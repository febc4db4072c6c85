"""Tar archives, block by block, with whatever a stranger might put into them."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BLOCK = 512
END = bytes(2 * BLOCK)
KINDS = {
    "file": b"0",
    "hard link": b"1",
    "symlink": b"2",
    "character device": b"3",
    "block device": b"4",
    "folder": b"5",
    "fifo": b"6",
    "pax": b"x",
    "pax for all": b"g",
    "gnu-name": b"L",
    "gnu-link": b"K",
}
_EMPTY = (b"1", b"2", b"3", b"4", b"5", b"6")
_PIECE = 64 * 1024


def header(
    name: bytes = b"file",
    kind: bytes = b"0",
    size: int = 0,
    *,
    mode: int = 0o644,
    prefix: bytes = b"",
    magic: bytes = b"ustar\x0000",
    size_field: bytes = b"",
    link: bytes = b"",
    checksum: int = 0,
) -> bytes:
    """One header block; the checksum is right, but for what is added to it."""
    block = bytearray(BLOCK)
    block[: len(name)] = name
    block[100:108] = b"%07o\0" % mode
    block[124:136] = size_field or b"%011o\0" % size
    block[156:157] = kind
    block[157 : 157 + len(link)] = link
    block[257 : 257 + len(magic)] = magic
    block[345 : 345 + len(prefix)] = prefix
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % (sum(block) + checksum)
    return bytes(block)


def padded(data: bytes) -> bytes:
    """Content, filled up to whole blocks."""
    return data + bytes(-len(data) % BLOCK)


def entry(name: bytes = b"file", data: bytes = b"evil", kind: bytes = b"0", **fields: Any) -> bytes:
    """A header and its content."""
    return header(name, kind, len(data), **fields) + padded(data)


def pax_records(records: list[str]) -> bytes:
    """Records as a pax header holds them, each with its own length in front."""
    body = b""
    for record in map(str.encode, records):
        length = next(n for n in itertools.count() if len(b"%d %b\n" % (n, record)) == n)
        body += b"%d %b\n" % (length, record)
    return body


@dataclass(frozen=True)
class Archive:
    """One file of the corpus, see `archives/README.md`."""

    path: Path
    about: str
    expect: str
    entry: list[dict[str, Any]] = field(default_factory=list)
    because: str = ""
    files: dict[str, str | int] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    count: int | None = None
    mode: int | None = None
    control: str = ""
    harm: str = ""
    end: bool = True
    cut: int | None = None
    after: int = 0

    @classmethod
    def read(cls, path: Path) -> Archive:
        """Read a description; an unknown key is an error."""
        return cls(path, **tomllib.loads(path.read_text(encoding="utf-8")))

    def pieces(self, outside: Path) -> Iterator[bytes]:
        """Yield the archive's bytes, a piece at a time, however large it is."""
        whole = self._blocks(outside)
        if self.cut is not None:
            whole = iter([b"".join(whole)[: self.cut]])
        buffer = bytearray()
        for block in whole:
            buffer += block
            if len(buffer) >= _PIECE:
                yield bytes(buffer)
                buffer.clear()
        yield bytes(buffer)

    def _blocks(self, outside: Path) -> Iterator[bytes]:
        for described in self.entry:
            for number in range(described.get("repeat", 1)):
                yield _described(described, number, outside)
        if self.end:
            yield END + bytes(self.after)


def corpus() -> list[Archive]:
    """All archives of the corpus, by name."""
    folder = Path(__file__).with_name("archives")
    return [Archive.read(path) for path in sorted(folder.glob("*.toml"))]


def _described(what: Mapping[str, Any], number: int, outside: Path) -> bytes:
    if "raw_hex" in what:
        return bytes.fromhex(what["raw_hex"])
    kind = KINDS.get(what.get("kind", "file")) or what["kind"].encode()
    data = _content(what, kind, outside)
    fields = {key: what[key] for key in ("mode", "checksum") if key in what}
    for key in ("prefix", "magic", "link"):
        if key in what:
            fields[key] = _filled(what[key], number, outside)
    size = what.get("told", len(data))
    size_field = what.get("size_field", "").encode() or bytes.fromhex(what.get("size_hex", ""))
    name = bytes.fromhex(what.get("name_hex", "")) or _filled(
        what.get("name", "header"), number, outside
    )
    return header(name, kind, size, size_field=size_field, **fields) + padded(data)


def _content(what: Mapping[str, Any], kind: bytes, outside: Path) -> bytes:
    if "records" in what:
        return pax_records([_filled(record, 0, outside).decode() for record in what["records"]])
    default = "" if kind in _EMPTY else "evil"
    data = _filled(what.get("data", default), 0, outside) * what.get("times", 1)
    data = bytes(what["fill"]) if "fill" in what else data
    return data + b"\0" if kind in (b"L", b"K") else data


def _filled(text: str, number: int, outside: Path) -> bytes:
    return text.replace("{n}", str(number)).replace("{outside}", str(outside)).encode()
