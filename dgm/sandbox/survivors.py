"""End processes that nothing holds together but their user id or their descent.

*Covered:* all processes of one user id, by one signal to all that no fork can outrun; all
descendants of a process that adopts its orphans. *Not covered:* a descendant that first kills
the process it descends from, where all share one user id.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dgm.errors import SandboxError

_PATIENCE_S = 5.0
_PAUSE_S = 0.005


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    uid: int


def kill_user(uid: int) -> None:
    """Kill all processes of a user id that is nobody's but one sandbox's; needs root.

    Raises: SandboxError if some do not go within five seconds.
    """

    def kill(_: set[int]) -> None:
        subprocess.run(
            ["/bin/sh", "-c", "kill -KILL -1"],
            user=uid,
            group=uid,
            extra_groups=(),
            env={},
            stderr=subprocess.DEVNULL,
            check=False,  # a failure means that nobody was left to kill
        )

    _until_gone(lambda: {process.pid for process in _alive() if process.uid == uid}, kill)


def kill_descendants(pid: int) -> None:
    """Kill all that descends from a process, and leave itself alone.

    Raises: SandboxError if some do not go within five seconds.
    """
    _until_gone(lambda: _descendants(pid), _kill_each)


def users_with_processes(uids: range) -> set[int]:
    """Which of these user ids have a living process."""
    return {process.uid for process in _alive() if process.uid in uids}


def _until_gone(find: Callable[[], set[int]], kill: Callable[[set[int]], None]) -> None:
    give_up_at = time.monotonic() + _PATIENCE_S
    while found := find():
        if time.monotonic() > give_up_at:
            raise SandboxError(f"processes cannot be killed: {sorted(found)}")
        kill(found)
        time.sleep(_PAUSE_S)


def _kill_each(pids: set[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _descendants(ancestor: int) -> set[int]:
    parents = {process.pid: process.parent for process in _alive()}
    found: set[int] = set()
    for pid in parents:
        line = [pid]
        while (parent := parents.get(line[-1])) is not None and parent not in line:
            line.append(parent)
            if parent == ancestor:
                found.add(pid)
    return found


def _alive() -> Iterator[_Process]:
    """Yield every process that can be seen and is more than a zombie."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                lines = (folder / "status").read_text().splitlines()
            except (FileNotFoundError, ProcessLookupError):
                continue
            facts = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
            if facts["State"][0] not in "ZX":
                uid = int(facts["Uid"].split()[0])
                yield _Process(int(folder.name), int(facts["PPid"]), uid)
