"""Where on this machine control groups can be made: version 1, version 2, or both side by side.

Source: Linux, `Documentation/admin-guide/cgroup-v1`, `Documentation/admin-guide/cgroup-v2`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dgm.records import SandboxLimits

PARENT = "dgm"
_CPU_PERIOD_US = 100_000
_WANTED = ("memory", "pids", "cpu")


class Hierarchy(Protocol):
    """One tree of control groups that takes new groups of ours below `parent`."""

    @property
    def parent(self) -> Path:
        """The folder `dgm`, which holds all groups of this project."""

    def prepare(self) -> None:
        """Make the parent ready to take groups. Raises: OSError if that is not permitted."""

    def settings(self, limits: SandboxLimits) -> Iterator[tuple[str, str, str]]:
        """What to write into a new group: controller, file, value."""


@dataclass(frozen=True, slots=True)
class VersionOne:
    """A tree of its own for one controller."""

    controller: str
    parent: Path

    def prepare(self) -> None:
        """Make the parent; in version 1 nothing needs to be handed down."""
        self.parent.mkdir(exist_ok=True)

    def settings(self, limits: SandboxLimits) -> Iterator[tuple[str, str, str]]:
        """Bound memory and swap together, processes and threads, and processor time."""
        memory = str(limits.memory_mb << 20)
        values = {
            "memory": {
                "memory.limit_in_bytes": memory,
                "memory.memsw.limit_in_bytes": memory,
            },
            "pids": {"pids.max": str(limits.processes)},
            "cpu": {
                "cpu.cfs_period_us": str(_CPU_PERIOD_US),
                "cpu.cfs_quota_us": str(_cpu_quota_us(limits)),
            },
        }
        for file, value in values[self.controller].items():
            yield self.controller, file, value


@dataclass(frozen=True, slots=True)
class VersionTwo:
    """The one tree for all controllers; some may be unavailable, or bound to version 1."""

    controllers: tuple[str, ...]
    parent: Path

    def prepare(self) -> None:
        """Make the parent and hand the controllers down to it and through it."""
        wanted = " ".join(f"+{name}" for name in self.controllers)
        made = not self.parent.exists()
        self.parent.mkdir(exist_ok=True)
        try:
            for folder in (self.parent.parent, self.parent):
                handed_down = folder / "cgroup.subtree_control"
                if wanted and not set(self.controllers) <= set(_words(handed_down)):
                    handed_down.write_text(wanted)
        except OSError:
            if made:
                self.parent.rmdir()
            raise

    def settings(self, limits: SandboxLimits) -> Iterator[tuple[str, str, str]]:
        """Bound memory without swap, processes and threads, and processor time."""
        values = {
            "memory": {"memory.max": str(limits.memory_mb << 20), "memory.swap.max": "0"},
            "pids": {"pids.max": str(limits.processes)},
            "cpu": {"cpu.max": f"{_cpu_quota_us(limits)} {_CPU_PERIOD_US}"},
        }
        for controller in self.controllers:
            for file, value in values[controller].items():
                yield controller, file, value


def find_hierarchies(proc: Path = Path("/proc/self")) -> tuple[Hierarchy, ...]:
    """Return the trees in which this process may make groups, prepared to take them.

    Groups are made below the caller's own, so that its bounds hold for them too. In version 2 a
    group with processes cannot hand controllers down, so the nearest ancestor that can is taken.
    """
    own = _own_groups(proc)
    found: list[Hierarchy] = []
    for mount, kind, options in _mounts(proc):
        if kind == "cgroup":
            for controller in set(options) & set(_WANTED):
                group = _below(mount, own.get(controller, "/"))
                found += _first_permitted(VersionOne(controller, group / PARENT))
        else:
            group = _below(mount, own.get("", "/"))
            ancestors = [group, *(f for f in group.parents if f.is_relative_to(mount))]
            found += _first_permitted(*(_version_two(folder) for folder in ancestors))
    return tuple(found)


def memory_group(pid: int, proc: Path = Path("/proc/self")) -> Path | None:
    """Return the folder of the group that counts the memory of any process, None if unknown."""
    theirs = _own_groups(proc.parent / str(pid))
    for mount, kind, options in _mounts(proc):
        if kind == "cgroup" and "memory" in options and "memory" in theirs:
            return _below(mount, theirs["memory"])
        if kind == "cgroup2" and "memory" not in theirs and "" in theirs:
            return _below(mount, theirs[""])
    return None


def _version_two(folder: Path) -> VersionTwo:
    available = _words(folder / "cgroup.controllers")
    return VersionTwo(tuple(name for name in _WANTED if name in available), folder / PARENT)


def _first_permitted(*candidates: Hierarchy) -> list[Hierarchy]:
    for candidate in candidates:
        try:
            candidate.prepare()
        except OSError:
            continue
        return [candidate]
    return []


def _mounts(proc: Path) -> Iterator[tuple[Path, str, list[str]]]:
    """Yield mount point, file system type and super options of each control group tree."""
    for line in (proc / "mountinfo").read_text().splitlines():
        mount, _, rest = line.partition(" - ")
        kind, _, options = rest.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            yield Path(mount.split()[4]), kind, options.split(",")


def _own_groups(proc: Path) -> Mapping[str, str]:
    """Map each controller ("" for version 2) to the path of this process's group."""
    groups = {}
    for line in (proc / "cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        groups.update(dict.fromkeys(controllers.split(","), path))
    return groups


def _below(mount: Path, group: str) -> Path:
    """Find a group in a mount, or the mount itself where the path is another namespace's."""
    folder = mount / group.lstrip("/")
    return folder if ".." not in folder.parts and folder.is_dir() else mount


def _words(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def _cpu_quota_us(limits: SandboxLimits) -> int:
    return max(1_000, int(limits.cpus * _CPU_PERIOD_US))
