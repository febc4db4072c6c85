"""What a sandbox sees of the machine: programs, read-only, and next to nothing else.

Covered: the host's /etc, homes, data, sockets and devices are absent; places below /usr that may
hold this project's data (hidden tests, solutions) or a site's secrets are covered by empty
folders; everything but /workspace, /tmp, /logs and /dev/shm is read-only. Not covered: what a site
keeps elsewhere below /usr for everybody to read.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from dgm.errors import SandboxUnavailableError
from dgm.records import SandboxLimits
from dgm.resources import package_folder
from dgm.sandbox.protocol import SandboxPaths

_OF_HOST = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
_OURS = frozenset(
    {
        "proc",
        "sys",
        "dev",
        "run",
        "tmp",
        "agent",
        "packages",
        "workspace",
        "logs",
        "tests",
        "solution",
    }
)
_PRIVATE = ("/usr/local/etc", "/usr/local/src", "/usr/local/var", "/usr/src")
_PYTHONS = ("usr/bin/python3", "usr/local/bin/python3")
_SMALL_MB = 16
_LOCKS = "/proc/locks"  # those of open files are listed for every namespace
_ETC = {
    "passwd": "root:x:0:0::/root:/bin/sh\nagent:x:1000:1000::/tmp:/bin/sh\n",
    "group": "root:x:0:\nagent:x:1000:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "hosts": "127.0.0.1 localhost\n",
}


def python_below(root: Path) -> str:
    """Return the path, seen from inside, of the Python that runs the runner.

    A host without one of its own lends the one that runs this program.
    """
    for name in _PYTHONS:
        if (root / name).exists():
            return f"/{name}"
    if root == Path("/"):
        return str(Path(sys.base_prefix, "bin", "python3"))
    raise SandboxUnavailableError(f"no Python in {root}; install one (apt install python3)")


def make_etc(folder: Path) -> Path:
    """Write the few files of /etc that programs of the host need."""
    folder.mkdir()
    for name, text in _ETC.items():
        (folder / name).write_text(text)
    if Path("/etc/ld.so.cache").exists():
        shutil.copyfile("/etc/ld.so.cache", folder / "ld.so.cache")
    if Path("/etc/alternatives").is_dir():
        shutil.copytree("/etc/alternatives", folder / "alternatives", symlinks=True)
    for path in (folder, *folder.glob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def root_arguments(
    root: Path | None, etc: Path, python: str, hidden: Iterable[Path]
) -> tuple[str, ...]:
    """Return bwrap's arguments for the programs: of a root folder, or of the host."""
    if root is not None:
        entries = [entry for entry in root.iterdir() if entry.name not in _OURS]
        return tuple(_shown(entries))
    shown = _shown(path for name in _OF_HOST if (path := Path("/", name)).exists())
    lent = () if _is_shown(python) else ("--ro-bind", sys.base_prefix, sys.base_prefix)
    seen = (*_OF_HOST, *(() if _is_shown(python) else (sys.base_prefix,)))
    return (*shown, *lent, "--ro-bind", str(etc), "/etc", *_covers(hidden, seen))


def writable_places(limits: SandboxLimits, paths: SandboxPaths) -> dict[str, int]:
    """The places one can write to, each a memory file system of its own, and their MiB."""
    return {
        "/dev/shm": _SMALL_MB,
        paths.tmp: limits.tmp_mb,
        paths.workspace: limits.workspace_mb,
        paths.logs: _SMALL_MB,
        paths.tests: _SMALL_MB,
        paths.solution: _SMALL_MB,
    }


def writable_arguments(limits: SandboxLimits, paths: SandboxPaths) -> tuple[str, ...]:
    """Return bwrap's arguments for /proc, /dev and the bounded places one can write to."""
    places = (
        word
        for path, size_mb in writable_places(limits, paths).items()
        for word in ("--perms", "0755", "--size", str(size_mb << 20), "--tmpfs", path)
    )
    masks = ("--ro-bind", "/dev/null", _LOCKS) if Path(_LOCKS).exists() else ()
    return ("--proc", "/proc", *masks, "--dev", "/dev", *places, "--remount-ro", "/dev")


def _shown(entries: Iterable[Path]) -> Iterator[str]:
    """Show each entry at the top of the sandbox: links as links, the rest read-only."""
    for entry in sorted(entries):
        if entry.is_symlink():
            yield from ("--symlink", str(entry.readlink()), f"/{entry.name}")
        else:
            yield from ("--ro-bind", str(entry), f"/{entry.name}")


def _covers(hidden: Iterable[Path], seen: Iterable[str]) -> Iterator[str]:
    """Cover folders that must not be seen, where they lie below what is."""
    places = [Path("/", place).resolve() for place in seen]
    for folder in sorted({*map(Path, _PRIVATE), *_project(), *hidden}):
        resolved = folder.resolve()
        if resolved.is_dir() and any(resolved.is_relative_to(place) for place in places):
            yield from ("--perms", "0555", "--size", "4096", "--tmpfs", str(resolved))
            yield from ("--remount-ro", str(resolved))


def _is_shown(path: str | Path) -> bool:
    """Whether a path of the host lies below what every sandbox sees of it."""
    top = Path(path).parts[1:2]
    return bool(top) and top[0] in _OF_HOST


def _project() -> Iterator[Path]:
    """Yield the installed package, and the checkout around it if there is one."""
    package = package_folder()
    yield package
    if (package.parent / "pyproject.toml").exists():
        yield package.parent
