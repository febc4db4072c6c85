"""What a Docker engine says of itself, and whether that is enough for a strong sandbox.

An engine takes settings that it cannot put in force with a warning at most, so its word on what it
can do is asked for before. Source: Docker Engine API 1.41, `GET /info`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What an engine says of itself. The `bounds_*` tell which limits it really puts in force."""

    version: str
    api_version: str
    os_type: str
    kernel: str
    storage_driver: str
    cgroup_version: int
    cgroup_driver: str
    is_rootless: bool
    has_userns_remap: bool
    has_seccomp: bool
    bounds_memory: bool
    bounds_swap: bool
    bounds_processes: bool
    bounds_cpu: bool

    def shortcoming(self, kernel: str | None = None) -> str | None:
        """Say why no sandbox of full strength can be had from this engine, and the remedy.

        `kernel` is the release that runs here, by default asked of the system.
        """
        here = os.uname().release if kernel is None else kernel
        if self.os_type != "linux":
            return f"the Docker engine runs {self.os_type} containers; switch it to linux"
        if self.kernel != here:
            return (
                f"the Docker engine runs on another kernel ({self.kernel}, here {here}), in a "
                "virtual machine or on another host, which cannot share folders and sockets with "
                "dgm; run dgm beside the engine"
            )
        if not self.has_seccomp:
            return (
                "the Docker engine does not filter system calls (no seccomp); use a kernel and an "
                "engine built with seccomp"
            )
        return self._unbounded()

    def _unbounded(self) -> str | None:
        bounds = {
            "memory": self.bounds_memory,
            "swap": self.bounds_swap,
            "processes": self.bounds_processes,
            "processor time": self.bounds_cpu,
        }
        missing = ", ".join(name for name, is_bounded in bounds.items() if not is_bounded)
        if not missing:
            return None
        if self.is_rootless:
            remedy = (
                "let systemd delegate them: Delegate=cpu cpuset io memory pids in "
                "/etc/systemd/system/user@.service.d/delegate.conf, on cgroup v2"
            )
        elif missing == "swap":
            remedy = "boot with swapaccount=1, or with cgroup v2"
        else:
            remedy = "mount these cgroup controllers, then start the engine again"
        return f"the Docker engine cannot bound {missing}; {remedy}"


def facts_from(info: Mapping[str, Any], api_version: str) -> EngineFacts:
    """Read the answer of `/info`."""
    options = {
        option.split(",")[0].removeprefix("name=") for option in info.get("SecurityOptions") or ()
    }
    has_cgroups = info.get("CgroupDriver") not in (None, "", "none")
    return EngineFacts(
        version=info.get("ServerVersion", ""),
        api_version=api_version,
        os_type=info.get("OSType", ""),
        kernel=info.get("KernelVersion", ""),
        storage_driver=info.get("Driver", ""),
        cgroup_version=int(info.get("CgroupVersion") or 1) if has_cgroups else 0,
        cgroup_driver=info.get("CgroupDriver", ""),
        is_rootless="rootless" in options,
        has_userns_remap="userns" in options,
        has_seccomp="seccomp" in options,
        bounds_memory=has_cgroups and bool(info.get("MemoryLimit")),
        bounds_swap=has_cgroups and bool(info.get("SwapLimit")),
        bounds_processes=has_cgroups and bool(info.get("PidsLimit")),
        bounds_cpu=has_cgroups and bool(info.get("CpuCfsQuota")),
    )
