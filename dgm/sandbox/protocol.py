"""What every sandbox driver promises.

A sandbox holds hostile code. What it says is never believed; what it leaves behind is read only
after every process in it has been killed. An agent's failure (exit code, time-out, memory) is a
fact in `ExecResult`; a broken machine is a `SandboxError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from dgm.records import Environment, SandboxLimits


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """What to start. `name` is unique within the run, `[a-z0-9-]{1,60}`; `run` labels it.

    `agent`: a host folder seen read-only at the sandbox's agent path, or None; so are `packages`,
    a folder of Python packages that everybody may read, which commands then import from.
    `environment` is that of a task; its needs are not looked at: `limits` hold as they are.
    `wants_model`: whether a `model.sock` will be served; then `Sandbox.model_socket` names the host
    path the gateway must listen on, and the loopback relay runs inside.
    """

    name: str
    run: str
    limits: SandboxLimits = field(default_factory=SandboxLimits)
    agent: Path | None = None
    wants_model: bool = False
    packages: Path | None = None
    environment: Environment = field(default_factory=Environment)


@dataclass(frozen=True, slots=True)
class SandboxPaths:
    """Where things are, seen from inside. The same everywhere but in the `process` driver."""

    agent: str = "/agent"
    packages: str = "/packages"
    workspace: str = "/workspace"
    control: str = "/run/dgm"
    tmp: str = "/tmp"
    logs: str = "/logs"
    tests: str = "/tests"
    solution: str = "/solution"


@dataclass(frozen=True, slots=True)
class ExecResult:
    """How one command ended.

    `exit_code` is negative for a signal and None when the deadline killed it. `stdout` and
    `stderr` hold at most `output_kb` each, head and tail, with one line in between that says how
    many bytes were dropped; `dropped` counts them. `duration_s` is measured by the host.
    """

    exit_code: int | None
    stdout: bytes
    stderr: bytes
    duration_s: float
    timed_out: bool = False
    out_of_memory: bool = False
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Collected:
    """What came out: counts, and the entries left behind (links, devices, `.git`)."""

    files: int
    bytes: int
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """One limit tried by a small attack: does it hold here, and the remedy if not."""

    name: str
    holds: bool
    detail: str = ""
    remedy: str = ""


class Sandbox(Protocol):
    """One started sandbox; used by one thread at a time; leave it through its `with` block."""

    @property
    def paths(self) -> SandboxPaths:
        """Where things are, seen from inside."""

    @property
    def limits_in_force(self) -> tuple[str, ...]:
        """The names of the limits that really hold, for the record (`memory:cgroup`, ...)."""

    @property
    def model_socket(self) -> Path | None:
        """The host path for the gateway's Unix socket, None unless the spec wants a model."""

    @property
    def model_port(self) -> int | None:
        """The loopback port inside that is relayed to the model's socket."""

    def put(self, archive: bytes, folder: str) -> None:
        """Unpack an uncompressed tar the host made into `folder` (made if missing).

        Files belong to the sandbox's user. Raises: SandboxError.
        """

    def put_control(self, name: str, data: bytes) -> None:
        """Write a file into the control folder, which the sandbox sees read-only."""

    def exec(
        self,
        command: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str],
        timeout_s: float,
        stdin: bytes = b"",
    ) -> ExecResult:
        """Run a command to its end; nothing it started outlives the call.

        The environment is exactly `env` plus PATH, HOME, LANG, TMPDIR, PYTHONHASHSEED=0 and
        PYTHONDONTWRITEBYTECODE=1, and the variables of the spec's environment; with packages,
        PYTHONPATH, and PATH begins with their `bin`. A failing command, a time-out, a kill and
        lack of memory are results, not errors.

        Raises: SandboxError when the sandbox itself is lost.
        """

    def collect(self, folder: str, into: Path, *, max_bytes: int, max_files: int) -> Collected:
        """Kill everything inside, then copy `folder` into the host folder `into` (empty).

        Regular files and folders only; `.git` at any depth, links and devices stay behind and
        are named in `skipped`. File modes are 0644 or 0755. The sandbox cannot run anything
        afterwards. Raises: UnsafeArchiveError beyond the caps or for a forbidden path;
        SandboxError when the sandbox is lost.
        """

    def read_file(self, path: str, *, max_bytes: int) -> bytes | None:
        """Read one regular file from inside, None if there is none; SandboxError if lost."""


class SandboxDriver(Protocol):
    """A way to make sandboxes. Thread-safe; as a context manager it cleans up all it started."""

    @property
    def name(self) -> str:
        """`bubblewrap`, `docker` or `process`."""

    @property
    def is_strong(self) -> bool:
        """Whether hostile code is truly held: no network, no host files, real limits."""

    def open(self, spec: SandboxSpec) -> AbstractContextManager[Sandbox]:
        """Start a sandbox; on leaving, everything of it is gone.

        Raises: SandboxError if it cannot be started now, SandboxUnavailableError if never, as
            where the spec's environment names an image and this driver starts none.
        """

    def probe(self) -> tuple[Probe, ...]:
        """Try each limit by a small attack in a sandbox of its own."""

    def reap(self, run: str | None = None) -> int:
        """Remove what dead processes of this project left (of one run, or all); how many."""

    def __enter__(self) -> SandboxDriver: ...

    def __exit__(self, *exc: object) -> None: ...
