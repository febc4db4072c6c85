"""The reader of archives, and the packer; hostile ones are in `tests/security/archives`."""

from __future__ import annotations

import io
import os
import tarfile

import pytest

from dgm.errors import UnsafeArchiveError
from dgm.sandbox.transfer import pack, unpack
from tests.security.tars import END, entry, header


@pytest.fixture
def into(tmp_path):
    folder = tmp_path / "house" / "into"
    folder.mkdir(parents=True)
    return folder


def unpacked(data, into, *, piece=None):
    step = piece or max(len(data), 1)
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    return unpack(pieces, into, max_bytes=200_000, max_files=100)


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
