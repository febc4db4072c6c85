"""What an ordinary process can be bound by on this machine, and what it cannot.

The `process` driver finds out once, uses what there is, and says what is missing.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dgm.errors import SandboxUnavailableError
from dgm.records import SandboxLimits
from dgm.resources import data_folder
from dgm.sandbox import landlock, seccomp
from dgm.sandbox.cgroups import Cgroup
from dgm.sandbox.landlock import Territory
from dgm.sandbox.protocol import SandboxPaths

_TCP_SINCE, _SIGNALS_SINCE = 4, 6
_PROFILES = ("seccomp.json", "seccomp-shared.json", "seccomp-process.json")
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = ("alternatives", "group", "hosts", "ld.so.cache", "localtime", "nsswitch.conf", "passwd")
_PROC = ("cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "version")
_DEVICES = ("/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero")


@dataclass(frozen=True, slots=True)
class Ground:
    """What this machine offers.

    `landlock` is its version, 0 if there is none; `filters` are files of BPF instructions;
    `cgroup_limits` name what control groups can bound (`memory:cgroup`, ...).
    """

    is_root: bool
    landlock: int
    filters: tuple[Path, ...]
    cgroup_limits: tuple[str, ...]

    @property
    def holds_network(self) -> bool:
        """Whether both Landlock (for TCP) and seccomp (for all else) guard the network."""
        return self.landlock >= _TCP_SINCE and bool(self.filters)

    def limits_in_force(self, cgroup: Cgroup | None) -> tuple[str, ...]:
        """Name what holds, for the record of a rollout."""
        held = {
            "user:own": self.is_root,
            "files:landlock": self.landlock > 0,
            "network:ports": self.holds_network,
            "system-calls:seccomp": bool(self.filters),
            "open_files:rlimit": True,
            "file_size:rlimit": True,
            "processes:rlimit": self.is_root,
            "memory:rlimit-per-process": not _bounds_memory(cgroup),
        }
        by_cgroup = cgroup.limits_in_force if cgroup else ()
        return (*(name for name, holds in held.items() if holds), *by_cgroup)

    def resource_limits(self, limits: SandboxLimits, cgroup: Cgroup | None) -> dict[str, int]:
        """Return the resource limits of every command, by name."""
        bounds = {
            "NOFILE": limits.open_files,
            "CORE": 0,
            "FSIZE": max(limits.workspace_mb, limits.tmp_mb) << 20,
        }
        if self.is_root:  # else all processes of this very user would count
            bounds["NPROC"] = limits.processes
        if not _bounds_memory(cgroup):
            bounds["DATA"] = limits.memory_mb << 20
        return bounds

    def what_does_not_hold(self) -> tuple[str, ...]:
        """Return what hostile code could still do, one line each."""
        weaknesses = {
            "network: everything this machine can reach": not self.holds_network,
            "network: the model's port number, on any address": self.holds_network,
            "network: Unix sockets that everybody on this machine may connect to": True,
            "files: all that its user may read or write (no Landlock here)": not self.landlock,
            "disk: each file is bounded, not their number nor their sum": True,
            "memory: each process is bounded, not their sum": "memory:cgroup"
            not in self.cgroup_limits,
            "processes: their number is not bounded": not self.is_root
            and "processes:cgroup" not in self.cgroup_limits,
            "processes: one that kills its sandbox may live on": not self.is_root,
            "user: it is you, with all your rights (not root here)": not self.is_root,
            "signals: to every other process of yours": not self.is_root
            and self.landlock < _SIGNALS_SINCE,
            "kernel: every system call is open (no seccomp here)": not self.filters,
            "itself: a command can kill the sandbox it runs in, which then counts as lost": True,
        }
        return tuple(line for line, is_so in weaknesses.items() if is_so)


def survey(runtime: Path, python: str, into: Path) -> Ground:
    """Find out what works here; leave the compiled filters in the folder `into`."""
    return Ground(
        is_root=os.getuid() == 0,
        landlock=landlock.abi_version(),
        filters=_working_filters(runtime, python, into),
        cgroup_limits=_cgroup_limits(),
    )


def launched(
    runtime: Path,
    python: str,
    rules: int | None,
    filters: Sequence[Path],
    command: Sequence[str],
) -> list[str]:
    """Return the words that start a command under Landlock rules and system call filters."""
    launcher = [python, "-I", "-S", str(runtime / "launch.py")]
    landlock_fd = "" if rules is None else str(rules)
    return [*launcher, landlock_fd, ":".join(map(str, filters)), *command]


def territory(
    ground: Ground, paths: SandboxPaths, runtime: Path, hidden: Sequence[Path], port: int | None
) -> Territory:
    """Return what a sandbox may touch: programs, its own folders, its one loopback port."""
    readable = [Path(folder) for folder in (*_SYSTEM, paths.agent, paths.packages, paths.control)]
    readable += [Path("/etc", name) for name in _ETC]
    readable += [Path("/proc", name) for name in _PROC] if ground.is_root else [Path("/proc")]
    listable: list[Path] = []
    for secret in hidden:
        cut = [landlock.without(folder, secret) for folder in readable if folder.exists()]
        readable = [path for shown, _ in cut for path in shown]
        listable += [path for _, named in cut for path in named]
    own = (paths.workspace, paths.tmp, paths.logs, paths.tests, paths.solution)
    ports = () if port is None else (port,)
    return Territory(
        readable=(*readable, runtime),
        writable=[Path(path) for path in (*_DEVICES, *own)],
        listable=listable,
        connect_ports=ports,
        bind_ports=ports,
    )


def _working_filters(runtime: Path, python: str, into: Path) -> tuple[Path, ...]:
    """Compile the profiles and try them on a small program."""
    files = tuple((into / name).with_suffix(".bpf") for name in _PROFILES)
    try:
        for name, file in zip(_PROFILES, files, strict=True):
            file.write_bytes(seccomp.compile_filter(data_folder("sandbox") / name))
            file.chmod(0o644)
    except SandboxUnavailableError:  # no table for this kind of machine
        return ()
    attempt = launched(runtime, python, None, files, ["/bin/true"])
    works = subprocess.run(attempt, env={}, stderr=subprocess.DEVNULL, check=False).returncode == 0
    return files if works else ()


def _cgroup_limits() -> tuple[str, ...]:
    """Make a control group, if that is permitted, and see what it bounds."""
    cgroup = Cgroup.create(f"survey-{threading.get_ident()}", SandboxLimits())
    if cgroup is None:
        return ()
    cgroup.close()
    return cgroup.limits_in_force


def _bounds_memory(cgroup: Cgroup | None) -> bool:
    return cgroup is not None and "memory:cgroup" in cgroup.limits_in_force
