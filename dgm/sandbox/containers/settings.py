"""What a container may see and do: one pure function makes its settings.

Covered: no network, no capabilities, no new privileges, the system call filter, a read-only root,
a user of its own, memory file systems of fixed size and number of files in place of every place
one can write to, limits on memory with swap, processes, processor time and open files, no output
kept by the engine, no devices; and no folder of the host but those of this very container, each
read-only. Not covered: faults of the kernel itself.

Source: Docker Engine API 1.41, `POST /containers/create`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dgm.records import SandboxLimits
from dgm.sandbox import runner
from dgm.sandbox.protocol import SandboxPaths
from dgm.sandbox.view import writable_places

SOCKET = "runner.sock"
_PATHS = SandboxPaths()
_PYTHON = "python3"
_RUNNERS_OWN_FILES = 512  # the relay's connections; commands are bounded by the runner
_WITHOUT_PROGRAMS = ("/dev/shm", _PATHS.logs)

# Docker's own list, then what else tells of the host, and the one place left to write to.
_MASKED = (
    *(
        f"/proc/{name}"
        for name in ("acpi", "asound", "interrupts", "kcore", "keys", "latency_stats")
    ),
    *(f"/proc/{name}" for name in ("locks", "sched_debug", "scsi", "timer_list", "timer_stats")),
    *(f"/sys/{name}" for name in ("block", "bus", "class", "dev", "devices", "firmware")),
    *(f"/sys/{name}" for name in ("hypervisor", "kernel", "module", "power")),
    "/dev/mqueue",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What must agree for one container to serve in place of another.

    `image` is a task's own; empty: the driver's.
    """

    run: str
    limits: SandboxLimits
    wants_model: bool
    packages: Path | None = None
    image: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of the host that one container sees, all below the folder of its driver."""

    control: Path
    agent: Path
    runner: Path
    packages: Path | None = None


def container_settings(
    kind: Kind, place: Place, *, image: str, uid: int, profile: str, labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return the body of the request that creates a container.

    `profile` is the text of a seccomp profile, `uid` the container's user and group.
    """
    command = runner.words(
        _PYTHON,
        runner.bounds_of(kind.limits),
        wants_model=kind.wants_model,
        host=f"{_PATHS.control}/{SOCKET}",
    )
    return {
        "Image": image,
        "Entrypoint": [command[0]],
        "Cmd": [*command[1:]],
        "User": f"{uid}:{uid}",
        "Hostname": "sandbox",
        "WorkingDir": "/",
        "NetworkDisabled": True,
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": dict(labels),
        "HostConfig": _host_settings(kind.limits, place, uid, profile),
    }


def _host_settings(limits: SandboxLimits, place: Place, uid: int, profile: str) -> dict[str, Any]:
    memory = limits.memory_mb << 20
    files = limits.open_files + _RUNNERS_OWN_FILES
    return {
        "AutoRemove": True,
        "Init": False,  # the runner is the first process: it ends with the host, and reaps
        "Privileged": False,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", f"seccomp={profile}"],
        "ReadonlyRootfs": True,
        "MaskedPaths": [*_MASKED],
        "NetworkMode": "none",
        "Dns": ["127.0.0.1"],  # else the host's servers are named inside
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "LogConfig": {"Type": "none", "Config": {}},
        "Memory": memory,
        "MemorySwap": memory,
        "PidsLimit": limits.processes,
        "NanoCpus": max(10_000_000, int(limits.cpus * 1e9)),
        "Ulimits": [_ulimit("nofile", files), _ulimit("core", 0)],
        "Tmpfs": {
            path: _tmpfs(path, size_mb, limits.inodes, uid)
            for path, size_mb in writable_places(limits, _PATHS).items()
        },
        "Mounts": [
            _read_only(place.control, _PATHS.control),
            _read_only(place.agent, _PATHS.agent),
            _read_only(place.runner, runner.FOLDER),
            *([_read_only(place.packages, _PATHS.packages)] if place.packages else ()),
        ],
    }


def _ulimit(name: str, value: int) -> dict[str, Any]:
    return {"Name": name, "Soft": value, "Hard": value}


def _tmpfs(path: str, size_mb: int, inodes: int, uid: int) -> str:
    programs = "noexec" if path in _WITHOUT_PROGRAMS else "exec"
    bounds = f"size={size_mb << 20},nr_inodes={inodes}"
    return f"{bounds},mode=0755,uid={uid},gid={uid},nosuid,nodev,{programs}"


def _read_only(source: Path, target: str) -> dict[str, Any]:
    """Mount a folder; unlike in `Binds`, one the engine does not see is an error."""
    return {
        "Type": "bind",
        "Source": str(source),
        "Target": target,
        "ReadOnly": True,
        "BindOptions": {"Propagation": "rprivate"},
    }
