"""The folder of a running driver: sandboxes' own folders, copies of agents, packages, the runner.

It lies at `/tmp/dgm-<uid>-<random>`, since a Unix socket's path must be short and the user of a
sandbox must be able to walk to it. Its owner holds a lock as long as it lives; what carries no
lock was left by a dead process, and `reap` removes it.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from dgm.processes import run as run_program
from dgm.resources import data_folder

BASE = Path("/tmp")
_OWNER = "owner"
_LABELS = "labels"
_KEPT_AGENTS = 16
_COMPILE_TIMEOUT_S = 60.0
_REMOVE_TIMEOUT_S = 60.0


class RunDir:
    """The folder of one driver in this process; `close` removes it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"dgm-{os.getuid()}-", dir=BASE))
        self._owner = _own(self.path)
        (self.path / _LABELS).mkdir(mode=0o700)
        self.path.chmod(0o711)
        self.runner = _copy_readable(data_folder("sandbox") / "runtime", self.path / "runner")
        self._numbers = itertools.count()
        self._agents: dict[Path, Path] = {}
        self._packages: dict[Path, Path] = {}
        self._in_use: list[Path] = []
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
    def box(self, run: str, gid: int | None) -> Iterator[Path]:
        """Make the control folder of one sandbox, which group `gid` alone may look into.

        Its name cannot be guessed.
        """
        box = self.path / f"b{next(self._numbers)}-{secrets.token_hex(8)}"
        label = self.path / _LABELS / box.name
        label.write_text(run)
        box.mkdir(mode=0o700)
        try:
            os.chown(box, -1, -1 if gid is None else gid)
            box.chmod(0o750)
            yield box
        finally:
            _remove(box)
            label.unlink()

    @contextmanager
    def agent(self, folder: Path) -> Iterator[Path]:
        """Lend a copy of an agent's folder that every user can read; the original stays as is."""
        with self._lock:
            copy = self._agents.get(folder)
            if copy is None:
                self._forget_one_agent()
                copy = self.path / f"a{next(self._numbers)}"
                self._agents[folder] = _copy_readable(folder, copy)
            self._in_use.append(folder)
        try:
            yield copy
        finally:
            with self._lock:
                self._in_use.remove(folder)

    def packages(self, folder: Path) -> Path:
        """Show a folder of readable packages at a place every user can walk to, until the end."""
        with self._lock:
            shown = self._packages.get(folder)
            if shown is None:
                shown = self.path / f"p{next(self._numbers)}"
                shown.mkdir()
                shown.chmod(0o755)
                link_tree(folder, shown)
                self._packages[folder] = shown
            return shown

    def close(self) -> None:
        """Remove everything."""
        _remove(self.path)
        os.close(self._owner)

    def _forget_one_agent(self) -> None:
        unused = [folder for folder in self._agents if folder not in self._in_use]
        if len(unused) > _KEPT_AGENTS:
            shutil.rmtree(self._agents.pop(unused[0]))


def reap(run: str | None = None) -> int:
    """Remove the folders dead processes of this user left behind; return how many sandboxes."""
    return sum(_reap_folder(folder, run) for folder in BASE.glob(f"dgm-{os.getuid()}-*"))


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


def _reap_folder(folder: Path, run: str | None) -> int:
    try:
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            return 0
        owner = os.open(folder / _OWNER, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return 0
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        labels = [label.read_text() for label in folder.glob(f"{_LABELS}/*")]
        if run is not None and labels and run not in labels:
            return 0
        _remove(folder)
        return len(labels)
    except BlockingIOError:
        return 0
    finally:
        os.close(owner)


def _remove(folder: Path) -> None:
    """Remove a folder; a tree goes through rm(1), since hostile depth kills a recursive walk."""
    if any(path.is_dir() for path in folder.iterdir()):
        removing = ("rm", "-rf", "--one-file-system", "--", str(folder))
        run_program(removing, timeout_s=_REMOVE_TIMEOUT_S).check(f"removing {folder}")
    else:
        shutil.rmtree(folder)


def _own(folder: Path) -> int:
    """Lock a file that shows its name only once it is locked; return its descriptor."""
    unnamed = folder / f".{_OWNER}"
    owner = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(owner, fcntl.LOCK_EX)
    unnamed.rename(folder / _OWNER)
    return owner


def link_tree(source: Path, target: Path) -> None:
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


def _copy_readable(source: Path, target: Path) -> Path:
    """Copy regular files and folders so that everybody can read them and nobody but us write."""
    target.mkdir()
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
    return target
