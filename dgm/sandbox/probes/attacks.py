"""The limits a sandbox should hold, and how each is tried from inside."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dgm.records import SandboxLimits
from dgm.sandbox.probes import programs
from dgm.sandbox.probes.bait import Bait
from dgm.sandbox.protocol import ExecResult, Sandbox

LIMITS = SandboxLimits(
    memory_mb=128,
    processes=32,
    cpus=0.5,
    workspace_mb=8,
    tmp_mb=8,
    inodes=1000,
    open_files=64,
    output_kb=16,
)
REFUSED = "refused"
_TIMEOUT_S = 5.0
_SPIN_S = 0.4
_MANY_FILES = 40_000  # a file without contents takes 1 KiB of memory or more
_STRONGER = "use the bubblewrap or the docker sandbox"
_LIMIT_GROUPS = "run as root, or where control groups may be made"


@dataclass(frozen=True, slots=True)
class Target:
    """The sandbox under attack, and the bait outside it."""

    sandbox: Sandbox
    bait: Bait

    def run(self, *words: str, timeout_s: float = _TIMEOUT_S) -> ExecResult:
        """Run a command in the workspace."""
        folder = self.sandbox.paths.workspace
        return self.sandbox.exec(words, cwd=folder, env={}, timeout_s=timeout_s)

    def python(self, code: str, *words: object, timeout_s: float = _TIMEOUT_S) -> ExecResult:
        """Run Python code with arguments."""
        arguments = (str(word) for word in words)
        command = ("python3", "-I", "-S", "-c", programs.PREAMBLE + code, *arguments)
        return self.run(*command, timeout_s=timeout_s)


@dataclass(frozen=True, slots=True)
class Attack:
    """One limit, what to do where it does not hold, and how to try it."""

    name: str
    remedy: str
    run: Callable[[Target], Sequence[str]]


def _said(result: ExecResult) -> list[str]:
    """Return what an attack said, or its last words if it broke down."""
    text = result.stdout.decode(errors="replace").split("\n")
    lines = [line for line in text if line]
    if result.exit_code != 0:
        lines.append(result.stderr.decode(errors="replace").strip().rpartition("\n")[2] or "killed")
    return lines


def _said_or_bounded(result: ExecResult) -> list[str]:
    """Return what an attack said; to be killed for its memory is to be refused."""
    return [REFUSED] if result.out_of_memory else _said(result)


def _network(target: Target) -> list[str]:
    ports = [s.getsockname()[1] for s in (target.bait.listener, target.bait.receiver)]
    lines = _said(target.python(programs.NETWORK, *ports))
    target.bait.receiver.setblocking(False)
    try:
        target.bait.receiver.recv(1)
    except BlockingIOError:
        return lines
    return [*lines, "came through: a datagram"]


def _host_files(target: Target) -> list[str]:
    return _said(target.python(programs.HOST_FILES, target.bait.file))


def _host_processes(target: Target) -> list[str]:
    return _said(target.python(programs.HOST_PROCESSES, target.bait.token))


def _root(target: Target) -> list[str]:
    return _said(target.python(programs.ROOT))


def _read_only(target: Target) -> list[str]:
    paths = target.sandbox.paths
    return _said(target.python(programs.READ_ONLY, "/", "/usr", "/etc", paths.agent, paths.control))


def _system_calls(target: Target) -> list[str]:
    return _said(target.python(programs.SYSTEM_CALLS))


def _processes(target: Target) -> list[str]:
    return _said(target.python(programs.FORKS, 4 * LIMITS.processes))


def _processor_time(target: Target) -> list[str]:
    return _said(target.python(programs.PROCESSOR_TIME, _SPIN_S, 1.5 * LIMITS.cpus))


def _memory(target: Target) -> list[str]:
    """Try memory and swap in one: what memory has no room for, swap would take."""
    return _said_or_bounded(target.python(programs.MEMORY, LIMITS.memory_mb // 2))


def _disk(target: Target) -> list[str]:
    paths = target.sandbox.paths
    folders = (paths.workspace, paths.tmp, paths.logs, "/dev/shm")
    size = 5 * LIMITS.workspace_mb << 20
    results = [target.python(programs.DISK, folder, size) for folder in folders]
    return [line for result in results for line in _said_or_bounded(result)]


def _file_size(target: Target) -> list[str]:
    size = 8 * LIMITS.workspace_mb << 20
    paths = target.sandbox.paths
    return _said(target.python(programs.FILE_SIZE, size, paths.workspace, paths.tmp))


def _number_of_files(target: Target) -> list[str]:
    """Make files until the memory they take, or a bound on their number, says no."""
    folder = f"{target.sandbox.paths.tmp}/probe"
    ballast = LIMITS.memory_mb * 3 // 4
    result = target.python(programs.NUMBER_OF_FILES, folder, _MANY_FILES, ballast)
    target.run("rm", "-rf", folder)  # the program may have been killed before it could
    return _said_or_bounded(result)


def _open_files(target: Target) -> list[str]:
    return _said(target.python(programs.OPEN_FILES, 4 * LIMITS.open_files))


def _output(target: Target) -> list[str]:
    size, bound = 20_000_000, LIMITS.output_kb * 1024
    result = target.run("head", "-c", str(size), "/dev/zero")
    is_bounded = len(result.stdout) <= bound and result.dropped >= size - bound
    return [REFUSED if is_bounded else f"came through: {len(result.stdout)} bytes"]


def _deadline(target: Target) -> list[str]:
    result = target.run("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done", timeout_s=0.2)
    in_time = result.timed_out and result.duration_s < 2.0
    return [REFUSED if in_time else f"came through: ran for {result.duration_s:.1f} s"]


def _survivors(target: Target) -> list[str]:
    said = target.python(programs.SURVIVOR)
    if said.exit_code != 0:
        return _said(said)
    beat = f"{target.sandbox.paths.workspace}/beat"
    before = target.sandbox.read_file(beat, max_bytes=1000)
    time.sleep(0.1)
    is_alive = before != target.sandbox.read_file(beat, max_bytes=1000)
    return ["came through: it lives on" if is_alive else REFUSED]


ATTACKS = (
    Attack("network", _STRONGER, _network),
    Attack("files of the host", f"{_STRONGER}, or a kernel with Landlock", _host_files),
    Attack("processes of the host", _STRONGER, _host_processes),
    Attack("root", "run as root, so that a user of its own can be had", _root),
    Attack("read-only places", _STRONGER, _read_only),
    Attack("system calls", "use a kernel with seccomp, on x86_64 or aarch64", _system_calls),
    Attack("processes", _LIMIT_GROUPS, _processes),
    Attack("processor time", _LIMIT_GROUPS, _processor_time),
    Attack("disk", _STRONGER, _disk),
    Attack("file size", "this is a fault of dgm: report it", _file_size),
    Attack("open files", "this is a fault of dgm: report it", _open_files),
    Attack("output", "this is a fault of dgm: report it", _output),
    Attack("deadline", "this is a fault of dgm: report it", _deadline),
    Attack("survivors", "this is a fault of dgm: report it", _survivors),
    Attack("memory", _LIMIT_GROUPS, _memory),
    Attack("number of files", f"{_STRONGER}, and {_LIMIT_GROUPS}", _number_of_files),
)
