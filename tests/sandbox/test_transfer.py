"""The reader of hostile archives, on a corpus of nasty ones; and the packer."""

from __future__ import annotations

import io
import os
import tarfile

import pytest

from dgm.errors import UnsafeArchiveError
from dgm.sandbox.transfer import pack, unpack

BLOCK = 512


def header(name=b"file", kind=b"0", size=0, prefix=b"", magic=b"ustar\x0000", size_field=None):
    """One header block, with a right checksum and whatever else one likes."""
    block = bytearray(BLOCK)
    block[: len(name)] = name
    block[100:108] = b"0000644\0"
    block[124:136] = size_field or b"%011o\0" % size
    block[156:157] = kind
    block[257 : 257 + len(magic)] = magic
    block[345 : 345 + len(prefix)] = prefix
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def entry(name=b"file", data=b"evil", kind=b"0", **fields):
    return header(name, kind, len(data), **fields) + padded(data)


def pax(*records, kind=b"x"):
    body = b""
    for record in records:
        length = len(record) + 3
        while len(str(length)) + 1 + len(record) + 1 != length:
            length += 1
        body += b"%d %s\n" % (length, record)
    return entry(b"PaxHeader", body, kind)


def long_name(name, kind=b"L"):
    return entry(b"././@LongLink", name + b"\0", kind)


END = bytes(2 * BLOCK)
BROKEN_SUM = bytearray(entry())
BROKEN_SUM[0] ^= 1
NEGATIVE = b"\xff" * 12
HUGE = b"\x80" + (2**60).to_bytes(11, "big")

REFUSED = {
    "parent folder": entry(b"../out"),
    "parent folder inside": entry(b"a/../../out"),
    "parent folder at the end": header(b"a/..", b"5"),
    "parent folder by prefix": entry(b"x", prefix=b".."),
    "parent folder by pax": pax(b"path=../out") + entry(),
    "parent folder by long name": long_name(b"../out") + entry(),
    "absolute": entry(b"/etc/cron.d/x"),
    "absolute by pax": pax(b"path=/tmp/x") + entry(),
    "absolute by prefix": entry(b"x", prefix=b"/etc"),
    "double slash": entry(b"a//b"),
    "dot inside": entry(b"a/./b"),
    "newline": entry(b"a\nb"),
    "escape": entry(b"\x1b[31mred"),
    "delete": entry(b"a\x7fb"),
    "c1 control": entry("a\x9bb".encode()),
    "nul by pax": pax(b"path=ok\0../out") + entry(),
    "not utf-8": entry(b"\xff\xfe"),
    "empty name": entry(b""),
    "empty name by pax": pax(b"path=") + entry(),
    "only a slash": header(b"/", b"5"),
    "component too long": long_name(b"c" * 256) + entry(),
    "path too long": long_name(b"/".join([b"p" * 200] * 6)) + entry(),
    "too deep": long_name(b"/".join([b"d"] * 41)) + entry(),
    "thousand deep": long_name(b"/".join([b"d"] * 1000)) + entry(),
    "same file twice": entry() + entry(),
    "file, then folder": entry() + header(b"file", b"5"),
    "folder, then file": header(b"file", b"5") + entry(),
    "file, then file below": entry() + entry(b"file/below"),
    "checksum": bytes(BROKEN_SUM),
    "size is no number": entry(size_field=b"0000000zzzz\0"),
    "size is negative": header(size_field=NEGATIVE),
    "size is huge": header(size_field=HUGE),
    "size is huge by pax": pax(b"size=99999999999999999") + entry(),
    "size is negative by pax": pax(b"size=-1") + entry(),
    "sparse": entry(kind=b"S"),
    "sparse by pax": pax(b"GNU.sparse.major=1", b"GNU.sparse.realsize=1000000") + entry(),
    "multi-volume": entry(kind=b"M"),
    "unknown kind": entry(kind=b"Z"),
    "pax record lies about its length": entry(b"p", b"99 path=x\n", b"x") + entry(),
    "pax record without end": entry(b"p", b"9 path=xy", b"x") + entry(),
    "pax record without a pair": pax(b"path") + entry(),
    "pax header of a megabyte": pax(b"comment=" + b"x" * 1_000_000) + entry(),
    "too many bytes": entry(data=bytes(200_001)),
    "too many files": b"".join(entry(b"f%d" % number) for number in range(101)),
    "too many folders": b"".join(header(b"d%d" % number, b"5") for number in range(300)),
    "too many links": b"".join(header(b"l%d" % number, b"2") for number in range(300)),
    "truncated header": entry()[:300],
    "truncated content": header(size=5000) + bytes(100),
    "no end": entry(),
    "goes on after the end": END + bytes(200_000),
    "not a tar at all": b"PK\x03\x04" + bytes(range(256)) * 4,
    "gzip": b"\x1f\x8b\x08" + bytes(1000),
    "nothing": b"",
}
UNFINISHED = {"truncated header", "truncated content", "no end", "nothing"}

SKIPPED = {
    "symbolic link": header(b"name", b"2"),
    "hard link": header(b"name", b"1"),
    "character device": header(b"name", b"3"),
    "block device": header(b"name", b"4"),
    "pipe": header(b"name", b"6"),
    "link that lies about its size": header(b"name", b"2", size=BLOCK),
    "git file": entry(b".git"),
    "git folder": header(b".git/", b"5") + entry(b".git/config"),
    "git folder below": entry(b"a/b/.git/hooks/post-checkout"),
    "git in capitals": entry(b".GIT/config"),
}

KEPT = {
    "old format": (entry(b"file", magic=b"\0" * 8), "file"),
    "contiguous file": (entry(kind=b"7"), "file"),
    "kind of old tar": (entry(kind=b"\0"), "file"),
    "leading dot": (entry(b"./file"), "file"),
    "dots in a name": (entry(b"...file"), "...file"),
    "git in a name": (entry(b".gitignore"), ".gitignore"),
    "backslash": (entry(b"..\\file"), "..\\file"),
    "global pax header": (pax(b"path=../out", kind=b"g") + entry(), "file"),
    "link name of a long link": (long_name(b"../out", b"K") + entry(), "file"),
    "unicode": (entry("ünï".encode()), "ünï"),
    "prefix": (entry(b"b", prefix=b"a"), "a/b"),
}


@pytest.fixture
def into(tmp_path):
    folder = tmp_path / "house" / "into"
    folder.mkdir(parents=True)
    return folder


def unpacked(data, into, *, piece=None):
    step = piece or max(len(data), 1)
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    return unpack(pieces, into, max_bytes=200_000, max_files=100)


@pytest.mark.parametrize("name", list(REFUSED))
def test_nasty_archive_is_refused_and_touches_nothing_outside(into, name):
    data = REFUSED[name] + (b"" if name in UNFINISHED else END)
    with pytest.raises(UnsafeArchiveError):
        unpacked(data, into)
    assert [path.name for path in into.parent.iterdir()] == ["into"]
    assert all(path.is_file() or path.is_dir() for path in into.rglob("*"))
    assert not any(path.is_symlink() for path in into.rglob("*"))


@pytest.mark.parametrize("name", list(SKIPPED))
def test_what_may_not_come_out_is_left_behind_and_named(into, tree, name):
    collected = unpacked(SKIPPED[name] + entry(b"next", b"ok") + END, into)
    assert tree(into) == {"next": b"ok"}
    assert collected.skipped
    assert collected.files == 1


@pytest.mark.parametrize("name", list(KEPT))
def test_odd_but_harmless_archive_is_read(into, tree, name):
    data, path = KEPT[name]
    unpacked(data + END, into)
    assert tree(into)[path] == b"evil"


def test_the_standard_reader_would_have_let_a_git_hook_through(tmp_path):
    archive = io.BytesIO(entry(b".git/hooks/post-checkout") + END)
    with tarfile.open(fileobj=archive) as tar:
        tar.extractall(tmp_path, filter="data")
    assert (tmp_path / ".git/hooks/post-checkout").exists()


def test_link_that_waits_in_the_target_is_not_followed(into, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("intact")
    (into / "file").symlink_to(victim)
    with pytest.raises(UnsafeArchiveError):
        unpacked(entry() + END, into)
    assert victim.read_text() == "intact"


@pytest.mark.parametrize("piece", [1, 7, 511, 513])
def test_pieces_of_any_size_give_the_same(into, tree, piece):
    data = header(b"a", b"5") + entry(b"a/file", bytes(1000)) + entry(b"z", b"") + END
    collected = unpacked(data, into, piece=piece)
    assert tree(into) == {"a": None, "a/file": bytes(1000), "z": b""}
    assert (collected.files, collected.bytes) == (2, 1000)


@pytest.mark.parametrize("style", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_archives_of_the_standard_library_are_read(into, tree, style):
    names = ["plain", "n" * 99, "d/" * 20 + "deep", "e" * 60 + "/" + "f" * 90]
    if style != tarfile.USTAR_FORMAT:
        names += ["ü" * 120, "g" * 180 + "/" + "h" * 200]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=style) as archive:
        for name in names:
            item = tarfile.TarInfo(name)
            item.size = len(name)
            archive.addfile(item, io.BytesIO(b"x" * len(name)))
    data = buffer.getvalue()
    unpacked(data, into)
    assert {name: content for name, content in tree(into).items() if content is not None} == {
        name: b"x" * len(name) for name in names
    }


def test_modes_come_down_to_one_bit(into, tmp_path):
    tool = tmp_path / "source" / "tool"
    tool.parent.mkdir()
    tool.write_text("")
    tool.chmod(0o4711)
    old = os.umask(0o077)
    try:
        unpacked(pack(tool.parent), into)
    finally:
        os.umask(old)
    assert (into / "tool").stat().st_mode & 0o7777 == 0o755


class TestPack:
    def test_same_content_gives_the_same_bytes(self, tmp_path):
        for name, stamp in (("one", 1), ("two", 2_000_000_000)):
            folder = tmp_path / name / "sub"
            folder.mkdir(parents=True)
            for file in ("b", "a") if stamp == 1 else ("a", "b"):
                (folder / file).write_text(file)
                os.utime(folder / file, (stamp, stamp))
            (folder / "a").chmod(0o600 if stamp == 1 else 0o664)
        assert pack(tmp_path / "one") == pack(tmp_path / "two")

    def test_git_folder_of_the_source_is_left_out(self, tmp_path):
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "config").write_text("")
        (tmp_path / "file").write_text("")
        assert _names(pack(tmp_path)) == ["file"]

    def test_hard_links_become_files(self, tmp_path, into, tree):
        source = tmp_path / "source"
        source.mkdir()
        (source / "a").write_text("both")
        (source / "b").hardlink_to(source / "a")
        unpacked(pack(source), into)
        assert tree(into) == {"a": b"both", "b": b"both"}

    def test_ready_git_folder_takes_its_place(self, tmp_path):
        ready = tmp_path / "ready"
        (ready / "refs").mkdir(parents=True)
        (ready / "HEAD").write_text("ref: refs/heads/main\n")
        source = tmp_path / "source"
        source.mkdir()
        (source / "file").write_text("")
        names = _names(pack(source, git_folder=ready))
        assert names == ["file", ".git", ".git/HEAD", ".git/refs"]


def _names(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.getnames()
