"""Row 11: hostile archives are refused, or read without what must stay behind.

The corpus is the folder `archives`: every file there is a test of its own.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
import tracemalloc

import pytest

from dgm.errors import UnsafeArchiveError
from dgm.sandbox.transfer import unpack
from tests.security.tars import corpus

MAX_BYTES, MAX_FILES = 200_000, 100
MEMORY = 2 * 1024 * 1024
ARCHIVES = {archive.path.stem: archive for archive in corpus()}
REFUSED = [name for name, archive in ARCHIVES.items() if archive.expect == "refused"]
TAKEN = [name for name, archive in ARCHIVES.items() if archive.expect == "taken"]
LURES = [name for name, archive in ARCHIVES.items() if archive.control]


@pytest.fixture
def outside(tmp_path):
    """A folder an archive may try to reach, with a secret."""
    folder = tmp_path / "o"
    folder.mkdir()
    (folder / "secret").write_text("secret")
    return folder


@pytest.fixture
def into(tmp_path):
    """The empty folder to unpack into, alone in its own."""
    folder = tmp_path / "h" / "into"
    folder.mkdir(parents=True)
    return folder


def read(archive, into, outside):
    return unpack(archive.pieces(outside), into, max_bytes=MAX_BYTES, max_files=MAX_FILES)


def kinds_below(folder):
    """The kinds of all there is, links as such."""
    return {stat.S_IFMT(path.lstat().st_mode) for path in folder.rglob("*")}


def nothing_is_outside(into, outside):
    return (
        [path.name for path in into.parent.iterdir()] == ["into"]
        and [path.name for path in outside.iterdir()] == ["secret"]
        and (outside / "secret").stat().st_nlink == 1
        and kinds_below(into) <= {stat.S_IFREG, stat.S_IFDIR}
    )


def test_corpus_is_as_large_as_it_should_be():
    assert len(ARCHIVES) >= 40
    assert len(REFUSED) + len(TAKEN) == len(ARCHIVES)
    assert len(LURES) >= 20


@pytest.mark.parametrize("name", REFUSED)
def test_archive_is_refused_for_its_reason_and_nothing_lies_outside(into, outside, name):
    archive = ARCHIVES[name]
    with pytest.raises(UnsafeArchiveError) as refusal:
        read(archive, into, outside)
    assert archive.because in str(refusal.value)
    assert str(refusal.value).isprintable()
    assert nothing_is_outside(into, outside)


@pytest.mark.parametrize("name", TAKEN)
def test_archive_is_taken_without_what_stays_behind(into, outside, name):
    archive = ARCHIVES[name]
    collected = read(archive, into, outside)
    assert list(collected.skipped) == archive.left
    files = {path.relative_to(into).as_posix(): path for path in into.rglob("*") if path.is_file()}
    for path, content in archive.files.items():
        found = files[path].read_bytes()
        assert len(found) == content if isinstance(content, int) else found == content.encode()
    assert len(files) == collected.files == (archive.count or len(archive.files))
    modes = {path.stat().st_mode & 0o7777 for path in files.values()}
    assert modes <= ({archive.mode} if archive.mode is not None else {0o644, 0o755})
    assert nothing_is_outside(into, outside)


@pytest.mark.parametrize("name", ARCHIVES)
def test_reading_takes_little_memory(into, outside, name):
    pieces = ARCHIVES[name].pieces(outside)
    first = next(pieces)
    tracemalloc.start()
    try:
        unpack(_chained(first, pieces), into, max_bytes=MAX_BYTES, max_files=MAX_FILES)
    except UnsafeArchiveError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < MEMORY


def _chained(first, pieces):
    yield first
    yield from pieces


@pytest.mark.parametrize("name", LURES)
def test_standard_reader_is_lured(into, outside, name):
    """The control: with the filter named in the corpus, Python's tarfile does the harm."""
    archive = ARCHIVES[name]
    harm = archive.harm.replace("{outside}", str(outside))
    chosen = "data" if archive.control == "data" else "fully_trusted"
    whole = io.BytesIO(b"".join(archive.pieces(outside)))
    old = os.umask(0)
    try:
        with tarfile.open(fileobj=whole) as tar:
            tar.extractall(into, filter=chosen)
    except RecursionError:
        assert harm == "RecursionError"
        return
    finally:
        os.umask(old)
    assert os.path.lexists(into / harm)
    assert archive.mode is None or (into / harm).stat().st_mode & 0o7777 != archive.mode
