"""Bound and end all processes of a sandbox together, by the kernel's control groups.

*Covered:* memory and swap as one sum (tmpfs counts), processes and threads, processor time, and
a kill that nobody can fork away from. *Not covered:* disks and networks; and nothing at all
where making groups is not permitted, which is the rule without root: then `create` gives None.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dgm.errors import SandboxError
from dgm.records import SandboxLimits
from dgm.sandbox.hierarchies import Hierarchy, find_hierarchies

_PATIENCE_S = 5.0
_PAUSE_S = 0.005
_OWNED = re.compile(r"(?P<pid>\d+)\.(?P<started>\d+)\.(?P<name>[a-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class Cgroup:
    """One group, with a folder in every hierarchy it spans; must be closed.

    `limits_in_force` names what really bounds it: `memory:cgroup`, `processes:cgroup`,
    `cpus:cgroup`.
    """

    folders: tuple[Path, ...]
    limits_in_force: tuple[str, ...]

    @classmethod
    def create(
        cls,
        name: str,
        limits: SandboxLimits,
        hierarchies: Sequence[Hierarchy] | None = None,
    ) -> Cgroup | None:
        """Make a group for `name` (`[a-z0-9_-]+`), or return None where no limit is permitted.

        The folder's name says which process made it, so that `remove_leftovers` can tell.
        Raises: SandboxError if this process has a group of that name already.
        """
        folders, in_force = [], []
        for hierarchy in find_hierarchies() if hierarchies is None else hierarchies:
            folder = hierarchy.parent / f"{os.getpid()}.{_started(os.getpid())}.{name}"
            try:
                folder.mkdir()
            except FileExistsError as error:
                raise SandboxError(f"there is a control group {folder} already") from error
            except OSError:
                continue
            folders.append(folder)
            in_force += _bound(folder, hierarchy, limits)
        group = cls(tuple(folders), tuple(in_force))
        if in_force:
            return group
        group.close()
        return None

    @property
    def procs_files(self) -> tuple[Path, ...]:
        """The files a process writes its id (or `0` for itself) to, in order to join."""
        return tuple(folder / "cgroup.procs" for folder in self.folders)

    def join(self, pid: int) -> None:
        """Move a process, and with it all children it will have, into the group."""
        for file in self.procs_files:
            file.write_text(str(pid))

    def processes(self) -> tuple[int, ...]:
        """The processes in the group now, as far as this pid namespace sees them."""
        return tuple({pid for folder in self.folders for pid in _members(folder)})

    def oom_kills(self) -> int:
        """How many processes the kernel has killed here for want of memory, so far."""
        return max(_counts(self.folders, ("memory.oom_control", "memory.events"), "oom_kill"))

    def oom_killed(self) -> bool:
        """Whether the kernel has killed anything here for want of memory."""
        return self.oom_kills() > 0

    def peak_memory(self) -> int | None:
        """The most memory the group ever held at once, in bytes; None if nobody counts."""
        for file in _existing(self.folders, ("memory.max_usage_in_bytes", "memory.peak")):
            return int(file.read_text())
        return None

    def kill_all(self) -> None:
        """Kill every process in the group; on return none is left.

        Raises: SandboxError if some cannot be killed within five seconds.
        """
        for file in _existing(self.folders, ("pids.max",)):
            file.write_text("0")  # no fork can outrun the loop below
        give_up_at = time.monotonic() + _PATIENCE_S
        while alive := self.processes():
            for file in _existing(self.folders, ("cgroup.kill",)):
                file.write_text("1")
            for pid in alive:
                _kill(pid)
            if time.monotonic() > give_up_at:
                raise SandboxError(f"processes cannot be killed: {alive}; they hang in the kernel")
            time.sleep(_PAUSE_S)

    def close(self) -> None:
        """Kill what is left and remove the group; doing it twice is harmless.

        Raises: SandboxError if the kernel does not let go of it within five seconds.
        """
        self.kill_all()
        give_up_at = time.monotonic() + _PATIENCE_S
        for folder in self.folders:
            while not _removed(folder):
                if time.monotonic() > give_up_at:
                    raise SandboxError(f"control group {folder} is busy; remove it with rmdir")
                time.sleep(_PAUSE_S)


def remove_leftovers(prefix: str = "", hierarchies: Sequence[Hierarchy] | None = None) -> int:
    """Remove this user's groups of dead makers, named `prefix` and on; return how many."""
    leftovers: dict[str, list[Path]] = {}
    for hierarchy in find_hierarchies() if hierarchies is None else hierarchies:
        for folder in hierarchy.parent.iterdir():
            owned = _OWNED.fullmatch(folder.name)
            if owned is None or not owned["name"].startswith(prefix):
                continue
            if _is_ours(folder) and not _is_alive(owned):
                leftovers.setdefault(folder.name, []).append(folder)
    return sum(_closed(Cgroup(tuple(folders), ())) for folders in leftovers.values())


def _is_ours(folder: Path) -> bool:
    try:
        return folder.stat().st_uid == os.geteuid()
    except FileNotFoundError:  # another start has removed it meanwhile
        return False


def _closed(leftover: Cgroup) -> bool:
    try:
        leftover.close()
    except PermissionError:  # a container's root may own what it cannot write to
        return False
    return True


def _bound(folder: Path, hierarchy: Hierarchy, limits: SandboxLimits) -> list[str]:
    """Write the limits into a group; name those that took hold."""
    names = {"memory": "memory:cgroup", "pids": "processes:cgroup", "cpu": "cpus:cgroup"}
    held = dict.fromkeys(names, False)
    for controller, file, value in hierarchy.settings(limits):
        try:
            (folder / file).write_text(value)
            held[controller] = True
        except OSError:  # swap may not be accounted on this kernel; memory still is
            continue
    return [names[controller] for controller, holds in held.items() if holds]


def _existing(folders: Sequence[Path], names: Sequence[str]) -> Iterator[Path]:
    return (file for folder in folders for name in names if (file := folder / name).exists())


def _counts(folders: Sequence[Path], files: Sequence[str], key: str) -> Iterator[int]:
    """Yield 0, and what `key` says in each flat keyed file there is."""
    yield 0
    for file in _existing(folders, files):
        yield from (
            int(value)
            for line in file.read_text().splitlines()
            for word, value in [line.split()]
            if word == key
        )


def _members(folder: Path) -> Iterator[int]:
    try:
        text = (folder / "cgroup.procs").read_text()
    except OSError:  # the group is gone
        return
    # A process of a foreign pid namespace reads as 0, and kill(0) would hit ourselves.
    yield from (pid for pid in map(int, text.split()) if pid > 0)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:  # EBUSY: a killed process is still on its way out
        return False
    return True


def _is_alive(owner: re.Match[str]) -> bool:
    return _started(int(owner["pid"])) == owner["started"]


def _started(pid: int) -> str:
    """The start time of a process in clock ticks since boot, empty if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
