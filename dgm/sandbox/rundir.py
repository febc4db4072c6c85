"""The folder of a running driver: sandboxes' own folders, packages, and what is copied into them.

It lies at `/tmp/dgm-<uid>-<random>`, since a Unix socket's path must be short and the user of a
sandbox must be able to walk to it. Its owner holds a lock as long as it lives; what carries no
lock was left by a dead process, and `reap` removes it: if it says that it is ours.

Sandboxes share no file but those of packages: a lock on one could be seen by the other. No name
tells how many there are.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from dgm.processes import run as run_program
from dgm.resources import data_folder

BASE = Path("/tmp")
_OWNER = "owner"
_UNFINISHED = f".{_OWNER}"
_MARKER = b"darwin-goedel-machine: sandboxes of a running driver\n"
_LABELS = "labels"
_MAKING_S = 60.0
_COMPILE_TIMEOUT_S = 60.0
_REMOVE_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Box:
    """The folders of one sandbox, all its own; `runner` is a copy, `control` and `agent` empty."""

    path: Path
    control: Path
    agent: Path
    runner: Path


class RunDir:
    """The folder of one driver in this process; `close` removes it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_prefix(), dir=BASE))
        (self.path / _LABELS).mkdir(mode=0o700)
        self._owner = _own(self.path)
        self.path.chmod(0o711)
        self.runner = self.path / "runner"
        copy_readable(data_folder("sandbox") / "runtime", self.runner)
        self._packages: dict[Path, Path] = {}
        self._lock = Lock()

    def compile_runner(self, python: str) -> None:
        """Spare every sandbox the compiling; another Python inside just compiles for itself.

        Raises: ProcessFailedError.
        """
        sources = [str(path) for path in self.runner.glob("*.py")]
        compiling = (python, "-I", "-S", "-m", "py_compile", *sources)
        run_program(compiling, timeout_s=_COMPILE_TIMEOUT_S).check("compiling the runner")
        for path in self.runner.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)

    @contextmanager
    def box(self, run: str, gid: int | None) -> Iterator[Box]:
        """Make the folders of one sandbox, which group `gid` alone may look into.

        Their name cannot be guessed.
        """
        path = self.path / f"b{secrets.token_hex(8)}"
        label = self.path / _LABELS / path.name
        label.write_text(run)
        path.mkdir(mode=0o700)
        try:
            yield self._laid_out(path, gid)
        finally:
            for name in ("control", "agent", "runner"):  # which nobody but us could write to
                shutil.rmtree(path / name, ignore_errors=True)
            _remove(path)
            label.unlink()

    def _laid_out(self, path: Path, gid: int | None) -> Box:
        box = Box(path, path / "control", path / "agent", path / "runner")
        for folder in (box.control, box.agent):
            folder.mkdir()
            folder.chmod(0o755)
        shutil.copytree(self.runner, box.runner)  # with its times, which what is compiled goes by
        os.chown(path, -1, -1 if gid is None else gid)
        path.chmod(0o750)
        return box

    def packages(self, folder: Path) -> Path:
        """Show a folder of readable packages at a place every user can walk to, until the end."""
        with self._lock:
            shown = self._packages.get(folder)
            if shown is None:
                shown = self.path / f"p{secrets.token_hex(8)}"
                shown.mkdir()
                shown.chmod(0o755)
                _link_tree(folder, shown)
                self._packages[folder] = shown
            return shown

    def close(self) -> None:
        """Remove everything."""
        _remove(self.path)
        os.close(self._owner)


def reap(run: str | None = None) -> frozenset[str]:
    """Remove the folders dead processes of this user left; return the names of their sandboxes."""
    removed = [_reap_folder(folder, run) for folder in BASE.glob(f"{_prefix()}*")]
    return frozenset[str]().union(*removed)


def is_owned(folder: Path) -> bool:
    """Whether the process lives whose driver has this folder, or nobody may tell."""
    try:
        owner = os.open(folder / _OWNER, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError:  # another user's
        return True
    try:
        fcntl.flock(owner, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(owner)
    return False


def _prefix() -> str:
    return f"dgm-{os.getuid()}-"


def _reap_folder(folder: Path, run: str | None) -> frozenset[str]:
    """Remove a folder that is ours and whose owner is dead; return the names of its sandboxes."""
    nothing = frozenset[str]()
    try:
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
            return nothing
        owner = os.open(folder / _OWNER, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        _remove_unfinished(folder)
        return nothing
    except OSError:
        return nothing
    try:
        if not _lock_of_the_dead(owner) or not (folder / _LABELS).is_dir():
            return nothing
        labels = {label.name: label.read_text() for label in folder.glob(f"{_LABELS}/*")}
        if run is not None and labels and run not in labels.values():
            return nothing
        _remove(folder)
        return frozenset(labels)
    finally:
        os.close(owner)


def _lock_of_the_dead(owner: int) -> bool:
    """Take over the lock of a driver's folder, if this is one and nobody holds it."""
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.read(owner, len(_MARKER) + 1) == _MARKER
    except OSError:  # held, or no file of ours
        return False


def _remove_unfinished(folder: Path) -> None:
    """Remove what a process left that was killed while it made its folder: nothing with contents.

    A living one takes milliseconds for it.
    """
    with suppress(OSError):
        names = {path.name for path in folder.iterdir()}
        is_old = time.time() - folder.stat().st_mtime > _MAKING_S
        unfinished = folder / _UNFINISHED
        if not is_old or not names <= {_UNFINISHED, _LABELS}:
            return
        if _UNFINISHED in names and unfinished.read_bytes() not in (b"", _MARKER):
            return
        if _LABELS in names:
            (folder / _LABELS).rmdir()  # fails, and so ends this, if anything is in it
        unfinished.unlink(missing_ok=True)
        folder.rmdir()


def _remove(folder: Path) -> None:
    """Remove a folder; a tree goes through rm(1), since hostile depth kills a recursive walk."""
    if any(path.is_dir() for path in folder.iterdir()):
        removing = ("rm", "-rf", "--one-file-system", "--", str(folder))
        run_program(removing, timeout_s=_REMOVE_TIMEOUT_S).check(f"removing {folder}")
    else:
        shutil.rmtree(folder)


def _own(folder: Path) -> int:
    """Lock a file that shows its name only once it is locked; return its descriptor."""
    unnamed = folder / _UNFINISHED
    owner = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.write(owner, _MARKER)
    fcntl.flock(owner, fcntl.LOCK_EX)
    unnamed.rename(folder / _OWNER)
    return owner


def _link_tree(source: Path, target: Path) -> None:
    """Show a tree of readable files below a folder, as hard links where that can be."""
    for here, folders, files in os.walk(source):
        there = target / Path(here).relative_to(source)
        for name in folders:
            (there / name).mkdir()
            (there / name).chmod(0o755)
        for name in files:
            try:
                (there / name).hardlink_to(Path(here, name))
            except OSError:  # on another file system, or too many links
                shutil.copy(Path(here, name), there / name)


def copy_readable(source: Path, target: Path) -> None:
    """Copy regular files and folders so that everybody can read them and nobody but us write."""
    target.mkdir(exist_ok=True)
    target.chmod(0o755)
    for here, folders, files in os.walk(source):
        there = target / Path(here).relative_to(source)
        for name in folders:
            if not Path(here, name).is_symlink():
                (there / name).mkdir()
                (there / name).chmod(0o755)
        for name in files:
            original = Path(here, name)
            if original.is_file() and not original.is_symlink():
                shutil.copyfile(original, there / name)
                (there / name).chmod(0o755 if original.stat().st_mode & 0o100 else 0o644)
