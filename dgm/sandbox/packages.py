"""Packages of others that agents import: laid out once per list, kept in a cache, pinned.

    <cache>/packages/<digest>/site           what sandboxes see, read-only
    <cache>/packages/<digest>/packages.json  what lies there: names, versions, checksums
    <cache>/packages/<digest of a list>      a link to the folder the list came to

A folder is named by its exact pins and the Python it is for, and appears when it is whole. A run
keeps the pins in place of the list it was given, so that it goes on, and is replayed, with the
same. Not covered: that an index gives the same wheel for the same version for ever; delete a link
to have newer versions.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dgm.errors import ConfigError, SandboxError
from dgm.sandbox import pip
from dgm.sandbox.closure import is_asked
from dgm.sandbox.interpreter import Interpreter, add_bytecode, find_interpreter
from dgm.sandbox.progress import Say
from dgm.sandbox.protocol import SandboxDriver
from dgm.scratch import scratch_folder

_SITE, _CONTENTS = "site", "packages.json"


@dataclass(frozen=True, slots=True)
class Packages:
    """A folder of packages, complete, and the requirements that nothing else meets."""

    folder: Path
    pins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where packages are kept. `environment` holds pip's settings; `say` is told what is done."""

    cache: Path
    environment: Mapping[str, str]
    say: Say

    def provide(
        self, requirements: Sequence[str], sandboxes: SandboxDriver, without: Sequence[str] = ()
    ) -> Packages:
        """Return packages for the Python inside these sandboxes, from the cache if they are there.

        Packages named in `without`, and what nothing else needs, are left out.
        Raises: ConfigError if pip cannot have them as wheels, MachineError.
        """
        python = find_interpreter(sandboxes)
        home = self.cache / "packages"
        order = pip.Order(tuple(requirements), tuple(map(canonicalize_name, without)), python)
        with _explained(home):
            home.mkdir(parents=True, exist_ok=True)
            wanted = home / _digest(requirements, order.without, python)
            return _look(wanted) or self._make(order, sandboxes, wanted)

    def _make(self, order: pip.Order, sandboxes: SandboxDriver, wanted: Path) -> Packages:
        home, python = wanted.parent, order.python
        self.say(f"packages: fetching {order} for Python {python.version}")
        with scratch_folder(home) as scratch:
            draft = scratch / "draft"
            draft.mkdir(mode=0o755)
            site = draft / _SITE
            site.mkdir()
            report = scratch / "report.json"
            installed = pip.install(order, site, report, self.environment)
            _check_complete(site, python, order.without)
            _make_readable(site)
            self.say(f"packages: compiling {len(installed)} packages")
            add_bytecode(sandboxes, site)
            size_mb = _make_readable(site) >> 20
            (draft / _CONTENTS).write_text(json.dumps([asdict(each) for each in installed]))
            whole = home / _digest([each.pin for each in installed], order.without, python)
            _move(draft, whole)
            _link(wanted, whole)
        self.say(f"packages: {len(installed)} packages, {size_mb} MiB, in {whole}")
        made = _look(whole)
        if made is None:
            raise SandboxError(f"{whole} was removed while it was made; try again")
        return made


def _look(folder: Path) -> Packages | None:
    """Return what a folder of the cache holds; a torn one is removed."""
    folder = folder.resolve()
    try:
        contents = json.loads((folder / _CONTENTS).read_bytes())
        pins = tuple(pip.Installed(**each).pin for each in contents)
    except (FileNotFoundError, ValueError, TypeError):
        shutil.rmtree(folder, ignore_errors=True)
        return None
    if not (folder / _SITE).is_dir():
        shutil.rmtree(folder)
        return None
    return Packages(folder / _SITE, pins)


def _move(draft: Path, whole: Path) -> None:
    """Give a draft its name, unless another process was first."""
    if _look(whole) is None:
        try:
            draft.rename(whole)
        except OSError:
            if _look(whole) is None:
                raise


def _link(wanted: Path, whole: Path) -> None:
    """Have the digest of a list lead to what it came to, in one step."""
    if wanted != whole:
        link = Path(tempfile.mkdtemp(dir=tempfile.gettempdir())) / "link"
        link.symlink_to(whole.name)
        link.rename(wanted)


def _digest(requirements: Iterable[str], without: Iterable[str], python: Interpreter) -> str:
    decisive: tuple[object, ...] = (sorted(set(requirements)), astuple(python))
    if left_out := sorted(set(without)):
        decisive = (*decisive, left_out)
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:24]


def _check_complete(site: Path, python: Interpreter, without: Sequence[str]) -> None:
    """Judge by the right Python what pip judged by its own. Raises: ConfigError."""
    found = list(distributions(path=[str(site)]))
    names = {canonicalize_name(each.metadata["Name"]) for each in found}
    for each in found:
        for requirement in map(Requirement, each.requires or ()):
            is_there = canonicalize_name(requirement.name) in {*names, *without}
            if is_asked(requirement, python) and not is_there:
                raise ConfigError(
                    f"{each.metadata['Name']} needs {requirement} with Python {python.version};"
                    f" add {requirement.name} to sandbox.packages"
                )


def _make_readable(site: Path) -> int:
    """Let every user read and nobody but us write; no links; return the size in bytes."""
    size = 0
    site.chmod(0o755)
    for path in site.rglob("*"):
        if path.is_symlink():
            path.unlink()
            continue
        status = path.stat()
        path.chmod(0o755 if path.is_dir() or status.st_mode & 0o100 else 0o644)
        size += status.st_size
    return size


@contextmanager
def _explained(home: Path) -> Iterator[None]:
    """Say in one line that the cache cannot be written to, or is full."""
    try:
        yield
    except OSError as error:
        raise SandboxError(
            f"packages cannot be kept in {home} ({os.strerror(error.errno or 0)}); make room, or "
            "name another place in XDG_CACHE_HOME"
        ) from error
