"""Row 13: a patch reaches nothing but the files of the tree it is meant for.

The corpus is the folder `patches`: every file there is a test in both places where patches are
applied.
"""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dgm.cli.repository import apply_patch
from dgm.errors import PatchRefusedError, UserError
from dgm.workspaces import Workspaces

FOLDER = Path(__file__).with_name("patches")
TESTS = ("test_*.py", "*/test_*.py")
BASE = {
    "main.py": b"".join(b"line %d\n" % number for number in range(1, 31)),
    "pkg/part.py": b"x = 1\n",
    "test_main.py": b"assert True\n",
    "crlf.txt": b"one\r\ntwo\r\n",
    "bare.txt": b"no newline",
    "empty.txt": b"",
    "data.bin": bytes(range(256)),
    "tool.sh": b"#!/bin/sh\n",
    "old.txt": b"a\nb\nc\nd\ne\nf\ng\nh\n",
    "n\u00e4me with spaces.txt": b"here\n",
}


class Patch:
    """One file of the corpus."""

    def __init__(self, path: Path) -> None:
        head, _, self.body = path.read_bytes().partition(b"\n=====\n")
        self.head: dict[str, Any] = tomllib.loads(head.decode())

    def expected(self, place: str) -> str:
        """What must become of it in one of the two places."""
        return str(self.head.get(place, self.head["expect"]))

    def files_after(self, place: str) -> dict[str, bytes]:
        """All files as they must be afterwards, but for those in `changed`."""
        files = dict(BASE)
        for path, content in {
            **self.head.get("after", {}),
            **self.head.get(f"after_{place}", {}),
        }.items():
            files.pop(path, None)
            if content is not False:
                files = {name: was for name, was in files.items() if not below(path, name)}
                files[path] = content.encode()
        return files


def below(path, name):
    """Whether a file has to go for a path to be there."""
    return path.startswith(f"{name}/")


PATCHES = {path.stem: Patch(path) for path in sorted(FOLDER.glob("*.patch"))}
LURES = [name for name, patch in PATCHES.items() if "control" in patch.head]


def cases(expected):
    return [
        (name, place)
        for name, patch in PATCHES.items()
        for place in ("index", "files")
        if patch.expected(place) == expected
    ]


@pytest.fixture
def repository(tmp_path):
    """A repository with a secret beside it, and a link to a folder beside it."""
    folder = tmp_path / "place" / "repository"
    for name, content in BASE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "tool.sh").chmod(0o755)
    (folder / "link").symlink_to("../outside")
    (folder.parent / "secret").write_text("secret\n")
    (folder.parent / "outside").mkdir()
    (folder.parent / "outside" / "secret").write_text("secret\n")
    return folder


def files_in(folder):
    """The contents of all regular files below a folder; links are not followed."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def nothing_is_outside(repository):
    place = repository.parent
    return {path.name for path in place.iterdir()} == {"repository", "secret", "outside"} and (
        (place / "secret").read_text(),
        files_in(place / "outside"),
    ) == ("secret\n", {"secret": b"secret\n"})


def apply(patch, place, repository, tmp_path):
    """Apply a patch in one of the two places; return where its files lie then."""
    if place == "files":
        apply_patch(repository, patch)
        return repository
    into = tmp_path / "place" / "into"
    into.mkdir()
    try:
        Workspaces(tmp_path / "cache").of(repository).apply(patch, into, leave_out=TESTS)
    finally:
        result = into.rename(tmp_path / "result")
    return result


def test_corpus_is_as_large_as_it_should_be():
    assert len(PATCHES) >= 54
    assert len(LURES) >= 5


@pytest.mark.parametrize(("name", "place"), cases("refused"))
def test_patch_is_refused_and_changes_nothing(repository, tmp_path, name, place):
    with pytest.raises((PatchRefusedError, UserError)) as refusal:
        apply(PATCHES[name].body, place, repository, tmp_path)
    assert not isinstance(refusal.value, UserError) or "nothing is changed" in str(refusal.value)
    assert files_in(repository) == BASE
    assert (repository / "link").readlink() == Path("../outside")
    assert not list((tmp_path / "result").rglob("*"))
    assert nothing_is_outside(repository)


@pytest.mark.parametrize(("name", "place"), cases("applied"))
def test_patch_is_applied_and_changes_nothing_else(repository, tmp_path, name, place):
    patch = PATCHES[name]
    result = apply(patch.body, place, repository, tmp_path)
    found, wanted = files_in(result), patch.files_after(place)
    for path in patch.head.get("changed", []):
        assert found.pop(path) != wanted.pop(path)
    assert found == wanted
    programs = {path for path in found if os.access(result / path, os.X_OK)}
    expected = {"tool.sh", *patch.head.get("executable", [])} - {*patch.head.get("plain", [])}
    assert programs == expected
    assert (result / "link").readlink() == Path("../outside")
    assert nothing_is_outside(repository)


@pytest.mark.parametrize("name", LURES)
def test_plain_git_apply_is_lured(repository, name):
    """The control: where git is called without care, the harm is done."""
    patch = PATCHES[name]
    git = ["git", "-C", str(repository)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "apply", "-"], input=patch.body, check=True, capture_output=True)
    if bent := patch.head.get("harm_link"):
        assert (repository / bent).readlink() != Path("../outside")
    else:
        assert os.path.lexists(repository / patch.head["harm"])


@pytest.mark.parametrize("place", ["index", "files"])
def test_patch_of_many_megabytes_is_applied(repository, tmp_path, place):
    lines = b"+x\n" * 4_000_000
    head = b"--- /dev/null\n+++ b/large.txt\n@@ -0,0 +1,4000000 @@\n"
    result = apply(head + lines, place, repository, tmp_path)
    assert (result / "large.txt").stat().st_size == 8_000_000
