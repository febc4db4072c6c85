"""How often the kernel has killed in a container for want of memory, even when that ended it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dgm.errors import SandboxError
from dgm.sandbox.cgroups import Cgroup
from dgm.sandbox.engine import explained
from dgm.sandbox.hierarchies import memory_group

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass
class OomKills:
    """Counts the kills of one container; what is counted once is never forgotten."""

    client: DockerClient
    container: str
    group: Path
    _counted: int = 0
    _counted_at: float = field(default_factory=time.time)
    _has_ended: bool = False

    @classmethod
    def of(cls, client: DockerClient, container: str, pid: int) -> OomKills:
        """Count those of a container by its first process. Raises: SandboxError if it is gone."""
        try:
            group = memory_group(pid)
        except OSError as error:
            raise SandboxError(f"the container ended at once: {error}") from error
        if group is None:
            raise SandboxError("no memory control group is mounted; mount /sys/fs/cgroup")
        return cls(client, container, group)

    def __call__(self) -> int:
        """Count: in the group, or once that is gone with its container, by what the engine saw.

        Raises: SandboxError if the engine is lost as well.
        """
        if not self._has_ended:
            self._count()
        return self._counted

    def _count(self) -> None:
        now = time.time()
        try:
            (self.group / "cgroup.procs").stat()
            self._counted = Cgroup((self.group,), ()).oom_kills()
            self._counted_at = now
        except OSError:
            self._counted += self._was_oom_the_end(now)
            self._has_ended = True

    def _was_oom_the_end(self, now: float) -> bool:
        seen = {"container": self.container, "event": "oom"}
        with explained("asking how a container ended"):
            events = self.client.api.events(
                since=int(self._counted_at), until=int(now) + 1, filters=seen, decode=True
            )
            return any(event["timeNano"] > self._counted_at * 1e9 for event in events)
