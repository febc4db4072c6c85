"""What sandboxes leave on a machine, told apart from what others have there at the same time.

A process of a sandbox is known by its user id, by its control group, or by the folder of its
driver: that is in its command line, in its environment or, whatever it does, among its mounts.
Not told apart: the folder of another process that is killed meanwhile.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dgm.sandbox import rundir, slots

_GROUPS = Path("/sys/fs/cgroup")
_OF_A_CONTAINER = re.compile(r"(?:docker-)?([0-9a-f]{64})(?:\.scope)?")
_PATIENCE_S = 5.0


@dataclass(slots=True)
class Marks:
    """What sandboxes of one driver are known by."""

    folder: Path | None = None
    uids: set[int] = field(default_factory=set)
    containers: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """The name of the driver's folder, as it stands in those of control groups too."""
        if self.folder is None:
            raise LookupError("no sandbox was opened")
        return self.folder.name

    def add_user(self, uid: int) -> None:
        """Remember a sandbox's user id, if it was its own: without root all have the caller's."""
        if uid in range(slots.FIRST_UID, slots.FIRST_UID + slots.COUNT):
            self.uids.add(uid)

    def are_in(self, text: str) -> bool:
        """Whether a text names the driver's folder."""
        return self.name in text or self.name.replace("_", "-") in text


def container_of(group: str) -> str:
    """The container a control group is of, by its last part; empty if it is of none.

    An engine names it by the id, one that leaves groups to systemd `docker-ID.scope`.
    """
    found = _OF_A_CONTAINER.fullmatch(group.rstrip("/").rsplit("/", 1)[-1])
    return found[1] if found else ""


def folders() -> frozenset[Path]:
    """The folders of drivers and of temporary files, of all processes."""
    return frozenset(rundir.BASE.glob("dgm-*"))


def left_folders(marks: Marks, before: frozenset[Path]) -> list[Path]:
    """Folders that came since and belong to nobody alive, and that of the driver."""
    return [
        path
        for path in folders() - before
        if path == marks.folder or (path.match(f"dgm-{os.getuid()}-*") and _is_deserted(path))
    ]


def left_groups(marks: Marks) -> list[Path]:
    """Control groups this process made, and those of the containers."""
    return [path for path in _all_groups() if _is_marked(path.name, marks)]


def left_processes(marks: Marks) -> dict[int, str]:
    """Processes of the sandboxes, with their command lines; zombies are none."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile
            if _is_of(folder, marks) and _lives(folder):
                words = (folder / "cmdline").read_bytes()
                found[int(folder.name)] = words.replace(b"\0", b" ").decode(errors="replace")
    found.pop(os.getpid(), None)
    return found


def left_mounts(marks: Marks) -> list[str]:
    """Mounts, among those of this process, of the driver's folder and of the containers."""
    return [
        line
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
        if marks.are_in(line) or any(each in line for each in marks.containers)
    ]


def user_of(process: Path) -> int:
    """The user id of a process, by its folder in /proc."""
    status = (process / "status").read_text()
    return int(status.split("Uid:", 1)[1].split()[0])


def settled(look: Callable[[], object]) -> bool:
    """Whether a look finds nothing in the end: what an engine removes takes it a moment."""
    give_up_at = time.monotonic() + _PATIENCE_S
    while found := look():
        if time.monotonic() > give_up_at:
            print(f"     {found}")
            return False
        time.sleep(0.1)
    return True


def _is_deserted(folder: Path) -> bool:
    """Whether a driver's folder has no owner; one that is being made gets it in milliseconds."""
    return folder.exists() and not rundir.is_owned(folder)


def _all_groups() -> Iterator[Path]:
    for here, names, _ in os.walk(_GROUPS):
        yield from (Path(here, name) for name in names)


def _is_marked(group: str, marks: Marks) -> bool:
    is_own = group.startswith(f"{os.getpid()}.") or marks.are_in(group)
    return is_own or container_of(group) in marks.containers


def _is_of(process: Path, marks: Marks) -> bool:
    for name in ("cmdline", "environ", "mountinfo"):
        if marks.are_in((process / name).read_bytes().decode(errors="replace")):
            return True
    groups = (process / "cgroup").read_text().splitlines()
    if any(_is_marked(line.rsplit("/", 1)[-1], marks) for line in groups):
        return True
    return _is_stray(process, marks)


def _is_stray(process: Path, marks: Marks) -> bool:
    """Whether it has the user id of a sandbox that is closed, which is nobody else's by now."""
    uid = user_of(process)
    if uid not in marks.uids:
        return False
    with slots.hold(uid) as is_free:  # else another sandbox of this machine has the id
        return is_free and user_of(process) == uid


def _lives(process: Path) -> bool:
    return (process / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
