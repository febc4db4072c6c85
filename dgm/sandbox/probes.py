"""Find out by small attacks what a sandbox really holds on this machine.

Each attack says itself whether it was refused or came through; one that says neither counts as
come through. Nothing outside the sandbox is changed for longer than an instant. For `dgm doctor`.
"""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dgm.records import SandboxLimits
from dgm.sandbox.protocol import ExecResult, Probe, Sandbox, SandboxDriver, SandboxSpec

_LIMITS = SandboxLimits(
    memory_mb=128, processes=32, workspace_mb=8, tmp_mb=8, open_files=64, output_kb=16
)
_REFUSED = "refused"
_TIMEOUT_S = 5.0
_STRONGER = "use the bubblewrap or the docker sandbox"
_LIMIT_GROUPS = "run as root, or where control groups may be made"


@dataclass(frozen=True, slots=True)
class _Bait:
    """What the host lays out for the attacks to find."""

    token: str
    file: Path
    listener: socket.socket
    receiver: socket.socket
    agent: Path


@dataclass(frozen=True, slots=True)
class _Target:
    """The sandbox under attack, and the bait outside it."""

    sandbox: Sandbox
    bait: _Bait

    def run(self, *words: str, timeout_s: float = _TIMEOUT_S) -> ExecResult:
        """Run a command in the workspace."""
        folder = self.sandbox.paths.workspace
        return self.sandbox.exec(words, cwd=folder, env={}, timeout_s=timeout_s)

    def python(self, code: str, *words: object, timeout_s: float = _TIMEOUT_S) -> ExecResult:
        """Run Python code with arguments."""
        arguments = (str(word) for word in words)
        command = ("python3", "-I", "-S", "-c", _PREAMBLE + code, *arguments)
        return self.run(*command, timeout_s=timeout_s)


@dataclass(frozen=True, slots=True)
class _Attack:
    """One limit, what to do where it does not hold, and how to try it."""

    name: str
    remedy: str
    run: Callable[[_Target], Sequence[str]]


_PREAMBLE = """
import os, sys, time
def attempt(what, action):
    try:
        action()
    except OSError as error:
        print("refused", what, error.strerror)
    else:
        print("came through:", what)
"""

_NETWORK = """
import socket
tcp, udp = int(sys.argv[1]), int(sys.argv[2])
attempt("tcp", lambda: socket.create_connection(("127.0.0.1", tcp), 1))
def send():
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(("127.0.0.1", udp))
    sender.send(b"x")
    sender.settimeout(0.2)
    if not sender.recv(1):  # a refusal comes back at once, an answer from the host never
        raise OSError(0, "nobody")
attempt("udp", send)
"""

_HOST_FILES = """
attempt("read", lambda: open(sys.argv[1]).read())
attempt("write", lambda: open(sys.argv[1], "a").close())
"""

_HOST_PROCESSES = """
def seen():
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                words = open("/proc/" + name + "/cmdline").read()
            except OSError:
                continue
            if sys.argv[1] in words.split(chr(0))[0]:
                return
    raise OSError(0, "not to be seen")
attempt("a process of the host", seen)
"""

_ROOT = """
if os.getuid() == 0 or os.geteuid() == 0:
    print("came through: it is root")
attempt("setuid", lambda: os.setuid(0))
"""

_READ_ONLY = """
def write(folder):
    path = os.path.join(folder, ".dgm-probe")
    open(path, "w").close()
    os.remove(path)
for folder in sys.argv[1:]:
    attempt(folder, lambda: write(folder))
"""

_SYSTEM_CALLS = """
import ctypes, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *words):
    if libc[name](*words) < 0 and ctypes.get_errno() == 1:
        raise OSError(1, "not permitted")
attempt("unshare", lambda: call("unshare", 0))
attempt("ptrace", lambda: call("ptrace", 16, 99999999, 0, 0))
attempt("io_uring", lambda: call("syscall", 425, 1, 0))
attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
"""

_FORKS = """
children = []
def fork():
    for _ in range(int(sys.argv[1])):
        pid = os.fork()
        if pid == 0:
            time.sleep(20)
            os._exit(0)
        children.append(pid)
attempt(sys.argv[1] + " processes", fork)
for pid in children:
    os.kill(pid, 9)
"""

_MEMORY = """
import select
def hold(megabytes):
    try:
        held = bytearray(b"x") * (megabytes << 20)
        os.write(ready, b"x")
        time.sleep(20)
    except MemoryError:
        pass
    os._exit(0)
def is_alive(pid):
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
heard, ready = os.pipe()
children = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        hold(int(sys.argv[1]))
    children.append(pid)
held = 0
while held < 3 and all(map(is_alive, children)):
    if select.select([heard], [], [], 0.02)[0]:
        held += len(os.read(heard, 1))
print("came through: three times half of it" if held == 3 else "refused")
for pid in children:
    os.kill(pid, 9)
"""

_DISK = """
def fill(folder):
    paths = [os.path.join(folder, "fill%d" % n) for n in range(10)]
    try:
        for path in paths:
            with open(path, "wb", 0) as file:
                left = int(sys.argv[2]) // 10
                while left > 0:
                    left -= file.write(bytes(min(left, 1 << 20)))
    finally:
        for path in paths:
            if os.path.exists(path):
                os.remove(path)
attempt(sys.argv[1], lambda: fill(sys.argv[1]))
"""

_SURVIVOR = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(3):
            os.dup2(os.open("/dev/null", os.O_RDWR), fd)
        for _ in range(150):
            open("beat", "a").write("x")
            time.sleep(0.02)
    os._exit(0)
os.wait()
"""


def probe(driver: SandboxDriver) -> tuple[Probe, ...]:
    """Attack a small sandbox of its own, and say for each limit whether it held.

    Raises: SandboxError if no sandbox can be started.
    """
    with _bait() as bait:
        name = f"probe-{bait.token}"
        spec = SandboxSpec(name=name, run="probe", limits=_LIMITS, agent=bait.agent)
        with driver.open(spec) as sandbox:
            target = _Target(sandbox, bait)
            return tuple(_judged(attack, target) for attack in _ATTACKS)


def _judged(attack: _Attack, target: _Target) -> Probe:
    """Run one attack; it holds if there is an answer and every line of it says `refused`."""
    lines = attack.run(target) or ["no answer"]
    bad = [line for line in lines if not line.startswith(_REFUSED)]
    remedy = attack.remedy if bad else ""
    return Probe(attack.name, holds=not bad, detail="; ".join(bad)[:200], remedy=remedy)


def _said(result: ExecResult) -> list[str]:
    """Return what an attack said, or its last words if it broke down."""
    text = result.stdout.decode(errors="replace").split("\n")
    lines = [line for line in text if line]
    if result.exit_code != 0:
        lines.append(result.stderr.decode(errors="replace").strip().rpartition("\n")[2] or "killed")
    return lines


def _said_or_bounded(result: ExecResult) -> list[str]:
    """Return what an attack said; to be killed for its memory is to be refused."""
    return [_REFUSED] if result.out_of_memory else _said(result)


def _network(target: _Target) -> list[str]:
    ports = [s.getsockname()[1] for s in (target.bait.listener, target.bait.receiver)]
    lines = _said(target.python(_NETWORK, *ports))
    target.bait.receiver.setblocking(False)
    try:
        target.bait.receiver.recv(1)
    except BlockingIOError:
        return lines
    return [*lines, "came through: a datagram"]


def _host_files(target: _Target) -> list[str]:
    return _said(target.python(_HOST_FILES, target.bait.file))


def _host_processes(target: _Target) -> list[str]:
    return _said(target.python(_HOST_PROCESSES, target.bait.token))


def _root(target: _Target) -> list[str]:
    return _said(target.python(_ROOT))


def _read_only(target: _Target) -> list[str]:
    paths = target.sandbox.paths
    return _said(target.python(_READ_ONLY, "/", "/usr", "/etc", paths.agent, paths.control))


def _system_calls(target: _Target) -> list[str]:
    return _said(target.python(_SYSTEM_CALLS))


def _processes(target: _Target) -> list[str]:
    return _said(target.python(_FORKS, 4 * _LIMITS.processes))


def _memory(target: _Target) -> list[str]:
    return _said_or_bounded(target.python(_MEMORY, _LIMITS.memory_mb // 2))


def _disk(target: _Target) -> list[str]:
    paths = target.sandbox.paths
    folders = (paths.workspace, paths.tmp, paths.logs, "/dev/shm")
    size = 5 * _LIMITS.workspace_mb << 20
    results = [target.python(_DISK, folder, size) for folder in folders]
    return [line for result in results for line in _said_or_bounded(result)]


def _output(target: _Target) -> list[str]:
    size, bound = 20_000_000, _LIMITS.output_kb * 1024
    result = target.run("head", "-c", str(size), "/dev/zero")
    is_bounded = len(result.stdout) <= bound and result.dropped >= size - bound
    return [_REFUSED if is_bounded else f"came through: {len(result.stdout)} bytes"]


def _deadline(target: _Target) -> list[str]:
    result = target.run("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done", timeout_s=0.2)
    in_time = result.timed_out and result.duration_s < 2.0
    return [_REFUSED if in_time else f"came through: ran for {result.duration_s:.1f} s"]


def _survivors(target: _Target) -> list[str]:
    said = target.python(_SURVIVOR)
    if said.exit_code != 0:
        return _said(said)
    beat = f"{target.sandbox.paths.workspace}/beat"
    before = target.sandbox.read_file(beat, max_bytes=1000)
    time.sleep(0.1)
    is_alive = before != target.sandbox.read_file(beat, max_bytes=1000)
    return ["came through: it lives on" if is_alive else _REFUSED]


_ATTACKS = (
    _Attack("network", _STRONGER, _network),
    _Attack("files of the host", f"{_STRONGER}, or a kernel with Landlock", _host_files),
    _Attack("processes of the host", _STRONGER, _host_processes),
    _Attack("root", "run as root, so that a user of its own can be had", _root),
    _Attack("read-only places", _STRONGER, _read_only),
    _Attack("system calls", "use a kernel with seccomp, on x86_64 or aarch64", _system_calls),
    _Attack("processes", _LIMIT_GROUPS, _processes),
    _Attack("disk", _STRONGER, _disk),
    _Attack("output", "this is a fault of dgm: report it", _output),
    _Attack("deadline", "this is a fault of dgm: report it", _deadline),
    _Attack("survivors", "this is a fault of dgm: report it", _survivors),
    _Attack("memory", _LIMIT_GROUPS, _memory),
)


@contextmanager
def _bait() -> Iterator[_Bait]:
    """Lay out a file, a process, two ports and an agent, all open to everybody on the host."""
    token = secrets.token_hex(8)
    with (
        tempfile.TemporaryDirectory(prefix="dgm-probe-") as folder,
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        subprocess.Popen([token], executable=sys.executable, stdin=subprocess.PIPE) as process,
    ):
        receiver.bind(("127.0.0.1", 0))
        file = Path(folder, "canary")
        file.write_text(token)
        file.chmod(0o666)
        agent = Path(folder, "agent")
        agent.mkdir()
        Path(folder).chmod(0o755)
        try:
            yield _Bait(token, file, listener, receiver, agent)
        finally:
            process.kill()
