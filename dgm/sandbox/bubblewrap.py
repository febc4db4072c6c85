"""The bubblewrap driver: namespaces without a daemon, a sandbox in a few hundredths of a second.

Covered: every namespace (no network but an empty loopback), a user id of its own on the host when
started by root, no capabilities, no new privileges, no further user namespaces, a system call
filter, a read-only root, bounded memory file systems, cgroup limits when root and resource limits
otherwise; a sandbox dies with the thread that opened it, and so with this process. Not covered:
faults of the kernel itself; and without a cgroup, memory as a sum and the number of files (with
one, both are charged to it).
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

from dgm.errors import MachineError, SandboxError, SandboxUnavailableError
from dgm.records import SandboxLimits
from dgm.resources import data_folder
from dgm.sandbox import bwrap, probes, rundir, seccomp, slots, view
from dgm.sandbox.cgroups import Cgroup, remove_leftovers
from dgm.sandbox.channel import Channel
from dgm.sandbox.protocol import Probe, Sandbox, SandboxPaths, SandboxSpec
from dgm.sandbox.runner import ENVIRONMENT, with_packages
from dgm.sandbox.session import Place, RunnerSandbox
from dgm.sandbox.surroundings import link_of, refuse_image, with_variables

_WITHOUT_GROUPS = {
    "memory:cgroup": "memory that processes share, and the sum of theirs, is not bounded",
    "cpus:cgroup": "processor time is not bounded",
}
_START_TIMEOUT_S = 20.0
_END_TIMEOUT_S = 5.0
_LAST_WORDS_S = 0.5
_IN_FORCE = (
    *("network:none", "root:read-only", "system-calls:seccomp", "workspace:tmpfs", "tmp:tmpfs"),
    *("open_files:rlimit", "file_size:rlimit"),
)
_PROFILES = ("seccomp.json", "seccomp-shared.json")
_PATH = ("/usr/local/bin", "/usr/bin", "/bin")


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What all sandboxes of a driver share."""

    folder: rundir.RunDir
    root: tuple[str, ...]
    python: str
    environment: Mapping[str, str]
    filter: Path


class Bubblewrap:
    """`SandboxDriver` over bubblewrap. `root` is a folder with a whole system, None the host's.

    `hidden` are folders of the host no sandbox may see, should they lie below what it sees.
    """

    name = "bubblewrap"
    is_strong = True

    def __init__(self, root: Path | None = None, hidden: Iterable[Path] = ()) -> None:
        self._root = root
        self._hidden = tuple(hidden)
        self._prepared: _Prepared | None = None

    def __enter__(self) -> Bubblewrap:
        missing = bwrap.missing_program()
        if missing:
            raise SandboxUnavailableError(missing)
        with ExitStack() as stack:
            folder = stack.enter_context(closing(rundir.RunDir()))
            self._prepared = self._prepare(folder)
            stack.pop_all()
        return self

    def _prepare(self, folder: rundir.RunDir) -> _Prepared:
        etc = view.make_etc(folder.path / "etc")
        rules = folder.path / "seccomp.bpf"
        profile, shared = (data_folder("sandbox") / name for name in _PROFILES)
        rules.write_bytes(seccomp.compile_filter(profile, also=[shared]))
        python = view.python_below(self._root or Path("/"))
        if self._root is None:
            folder.compile_runner(python)
        root = view.root_arguments(self._root, etc, python, self._hidden)
        environment = {"PATH": _path_to(python), **ENVIRONMENT}
        return _Prepared(folder, root, python, environment, rules)

    def __exit__(self, *exc: object) -> None:
        if self._prepared is not None:
            self._prepared.folder.close()
            self._prepared = None

    def open(self, spec: SandboxSpec) -> AbstractContextManager[Sandbox]:
        """Start a sandbox; on leaving, everything of it is gone."""
        if self._prepared is None:
            raise SandboxError("the driver is not open; use it in a `with` block")
        return _open(spec, self._prepared)

    def probe(self) -> tuple[Probe, ...]:
        """Try each limit by a small attack in a sandbox of its own."""
        return probes.probe(self)

    def what_does_not_hold(self) -> tuple[str, ...]:
        """Return what no control group bounds here: one is made, and gone again."""
        cgroup = Cgroup.create(f"look-{secrets.token_hex(4)}", SandboxLimits())
        held = cgroup.limits_in_force if cgroup else ()
        if cgroup is not None:
            cgroup.close()
        return tuple(line for limit, line in _WITHOUT_GROUPS.items() if limit not in held)

    def reap(self, run: str | None = None) -> int:
        """Remove what dead processes of this project left: groups, folders, sockets."""
        remove_leftovers()
        return len(rundir.reap(run))


def check(root: Path | None = None) -> str | None:
    """Return why sandboxes cannot work here, with the remedy, or None if they do."""
    try:
        with Bubblewrap(root) as driver, driver.open(SandboxSpec("check", "check")) as sandbox:
            sandbox.exec(["true"], cwd="/", env={}, timeout_s=_START_TIMEOUT_S)
    except (MachineError, OSError) as error:
        return str(error)
    return None


@contextmanager
def _open(spec: SandboxSpec, prepared: _Prepared) -> Iterator[RunnerSandbox]:
    with ExitStack() as stack:
        try:
            sandbox = _start(stack, spec, prepared)
        except OSError as error:
            raise SandboxError(f"the sandbox could not be started: {error}") from error
        yield sandbox


def _start(stack: ExitStack, spec: SandboxSpec, prepared: _Prepared) -> RunnerSandbox:
    """Start everything a sandbox needs; `stack` ends it, the last first."""
    refuse_image(spec.environment, Bubblewrap.name)
    uid = stack.enter_context(slots.lease()) if os.getuid() == 0 else None
    box = stack.enter_context(prepared.folder.box(spec.run, uid))
    if spec.agent is not None:
        rundir.copy_readable(spec.agent, box.agent)
    packages = prepared.folder.packages(spec.packages) if spec.packages else None
    environment = with_variables(prepared.environment, spec.environment)
    if packages is not None:
        environment = with_packages(environment, SandboxPaths().packages)
    unique = f"{prepared.folder.path.name}-{box.path.name}".replace("_", "-")
    cgroup = Cgroup.create(unique, spec.limits)
    if cgroup is not None:
        stack.callback(cgroup.close)
    command = (
        *bwrap.joined(cgroup),
        *bwrap.as_user(uid),
        *bwrap.enclosed(
            spec.limits,
            (*prepared.root, *bwrap.linked(link_of(spec.environment))),
            control=box.control,
            runner=box.runner,
            agent=box.agent if spec.agent else None,
            packages=packages,
        ),
        *bwrap.runner_words(spec, prepared.python, cgroup),
    )
    channel, port = stack.enter_context(_started(command, prepared.filter))
    return RunnerSandbox(
        channel,
        Place(
            limits=spec.limits,
            limits_in_force=(*_IN_FORCE, *_bounds(cgroup)),
            environment=environment,
            control=box.control,
            model_socket=box.control / "model.sock" if spec.wants_model else None,
            model_port=port,
            count_oom_kills=cgroup.oom_kills if cgroup else lambda: 0,
        ),
    )


def _path_to(python: str) -> str:
    """Return the PATH of commands; a Python that lives elsewhere comes first."""
    folder = str(Path(python).parent)
    return ":".join(_PATH if folder in _PATH else (folder, *_PATH))


def _bounds(cgroup: Cgroup | None) -> tuple[str, ...]:
    """Name what bounds memory, files, processes and processor time."""
    held = cgroup.limits_in_force if cgroup else ()
    if "memory:cgroup" in held:
        return ("processes:rlimit", *held, "inodes:memory")
    return ("processes:rlimit", *held, "memory:rlimit-per-process")


@contextmanager
def _started(command: tuple[str, ...], filter_file: Path) -> Iterator[tuple[Channel, int | None]]:
    """Start bwrap and wait for the runner's greeting; on leaving, both are gone."""
    ours, theirs = socket.socketpair()
    with ours, tempfile.TemporaryFile() as complaints, filter_file.open("rb") as rules:
        with theirs:
            process = subprocess.Popen(
                [str(rules.fileno()) if word == bwrap.FILTER_FD else word for word in command],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=complaints,
                env={"PATH": ":".join(os.get_exec_path())},
                pass_fds=(rules.fileno(),),
                start_new_session=True,
            )
        channel = Channel(ours)
        try:
            (port,) = _greeting(channel, complaints)
            yield channel, int(port) if port else None
        except SandboxError as error:
            raise _with_last_words(error, process, complaints) from error
        finally:
            channel.close()
            _end(process)


def _greeting(channel: Channel, complaints: IO[bytes]) -> tuple[bytes, ...]:
    try:
        return channel.hear(timeout_s=_START_TIMEOUT_S)
    except SandboxError as error:
        raise bwrap.explained(_last_words(complaints)) from error


def _with_last_words(
    error: SandboxError, process: subprocess.Popen[bytes], complaints: IO[bytes]
) -> SandboxError:
    """Add how bwrap ended, and what it or the runner said, where a sandbox was lost."""
    if isinstance(error, SandboxUnavailableError):
        return error
    try:
        end = f"bwrap ended with {process.wait(_LAST_WORDS_S)}"
    except subprocess.TimeoutExpired:
        end = "bwrap still runs"
    words = " ".join(_last_words(complaints).split())[-300:]
    return SandboxError(f"{error} ({end}{': ' if words else ''}{words})")


def _last_words(complaints: IO[bytes]) -> str:
    complaints.seek(0)
    return complaints.read(2000).decode(errors="replace").strip()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for bwrap, which waits for all inside; the runner has ended when we hung up."""
    waiter = Thread(target=process.wait, daemon=True)
    waiter.start()
    waiter.join(_END_TIMEOUT_S)  # `process.wait(timeout)` naps ever longer, and oversleeps
    if waiter.is_alive():
        process.kill()
        waiter.join()
