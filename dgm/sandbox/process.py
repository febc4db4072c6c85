"""The weak driver: a process like any other, where neither containers nor namespaces can be had.

Covered, as far as the machine lets us: another user id (when root), files and TCP ports
(Landlock), system calls and other protocols (seccomp), open files, file size, processes and
memory (resource limits, or cgroups when they may be made); all of it ends with the sandbox.
Not covered: see `what_does_not_hold`. Code that means harm belongs in a strong sandbox.

Paths differ from those of other sandboxes: everything lies below one folder of the host.
"""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dgm.errors import SandboxError, SandboxUnavailableError
from dgm.processes import run
from dgm.resources import package_folder
from dgm.sandbox import cgroups, landlock, probes, rundir, slots, survivors, view
from dgm.sandbox.cgroups import Cgroup
from dgm.sandbox.channel import Channel
from dgm.sandbox.ground import Ground, launched, survey, territory
from dgm.sandbox.protocol import Probe, Sandbox, SandboxPaths, SandboxSpec
from dgm.sandbox.runner import with_packages
from dgm.sandbox.session import Place, RunnerSandbox
from dgm.sandbox.surroundings import link_of, refuse_image, with_variables

_START_TIMEOUT_S = 20.0
_END_TIMEOUT_S = 5.0
_CLEANING_TIMEOUT_S = 60.0
_ITS_OWN = ("workspace", "tmp", "logs", "tests", "solution")
_START_RUNNER = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); import runner; runner.main(*sys.argv[1:])"
)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What all sandboxes of a driver share."""

    folder: rundir.RunDir
    python: str
    ground: Ground
    hidden: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Box:
    """One sandbox about to start.

    `owner` is its user id, None for our own; `port` is its loopback port, None without a model.
    """

    spec: SandboxSpec
    paths: SandboxPaths
    runner: Path
    owner: int | None
    cgroup: Cgroup | None
    port: int | None

    @property
    def model_socket(self) -> Path | None:
        """The host path of the model's socket."""
        return None if self.port is None else Path(self.paths.control, "model.sock")


class Process:
    """`SandboxDriver` over plain processes. `hidden` are folders no sandbox may see."""

    name = "process"
    is_strong = False

    def __init__(self, hidden: Iterable[Path] = ()) -> None:
        package = package_folder()
        is_checkout = (package.parent / "pyproject.toml").exists()
        self._hidden = (package.parent if is_checkout else package, *hidden)
        self._prepared: _Prepared | None = None

    def __enter__(self) -> Process:
        with ExitStack() as stack:
            folder = stack.enter_context(closing(rundir.RunDir()))
            python = view.python_below(Path("/"))
            ground = survey(folder.runner, python, folder.path)
            self._prepared = _Prepared(folder, python, ground, self._hidden)
            stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._prepared is not None:
            self._prepared.folder.close()
            self._prepared = None

    def open(self, spec: SandboxSpec) -> AbstractContextManager[Sandbox]:
        """Start a sandbox; on leaving, everything of it is gone."""
        return _open(spec, self._opened())

    def probe(self) -> tuple[Probe, ...]:
        """Try each limit by a small attack in a sandbox of its own."""
        return probes.probe(self)

    def reap(self, run: str | None = None) -> int:
        """Remove what dead processes of this project left."""
        if os.getuid() == 0:
            every_slot = range(slots.FIRST_UID, slots.FIRST_UID + slots.COUNT)
            for uid in survivors.users_with_processes(every_slot):
                with slots.hold(uid) as is_nobodys:
                    if is_nobodys:
                        survivors.kill_user(uid)
        cgroups.remove_leftovers()
        return len(rundir.reap(run))

    def what_does_not_hold(self) -> tuple[str, ...]:
        """Return the lines of the warning: what hostile code could do here."""
        return self._opened().ground.what_does_not_hold()

    def _opened(self) -> _Prepared:
        if self._prepared is None:
            raise SandboxError("the driver is not open; use it in a `with` block")
        return self._prepared


@contextmanager
def _open(spec: SandboxSpec, prepared: _Prepared) -> Iterator[RunnerSandbox]:
    refuse_image(spec.environment, Process.name)
    if (link := link_of(spec.environment)) is not None:
        raise SandboxUnavailableError(
            f"this task expects its repository at {link}, which the process sandbox cannot show; "
            "--sandbox bubblewrap, or docker"
        )
    with ExitStack() as stack:
        box = _make(spec, prepared, stack)
        channel = stack.enter_context(_started(box, prepared))
        yield RunnerSandbox(
            channel,
            Place(
                limits=spec.limits,
                limits_in_force=prepared.ground.limits_in_force(box.cgroup),
                environment=_environment(box),
                control=Path(box.paths.control),
                model_socket=box.model_socket,
                model_port=box.port,
                count_oom_kills=box.cgroup.oom_kills if box.cgroup else lambda: 0,
                paths=box.paths,
            ),
        )


def _make(spec: SandboxSpec, prepared: _Prepared, stack: ExitStack) -> _Box:
    """Make what a sandbox needs, in an order such that its end undoes all of it."""
    owner = stack.enter_context(slots.lease()) if prepared.ground.is_root else None
    folders = stack.enter_context(prepared.folder.box(spec.run, -1 if owner is None else owner))
    if spec.agent is not None:
        rundir.copy_readable(spec.agent, folders.agent)
    packages = prepared.folder.packages(spec.packages) if spec.packages else None
    paths = _make_folders(folders, packages, owner)
    if owner is None:
        stack.callback(_make_removable, folders.path)
    port = stack.enter_context(_reserved_port()) if spec.wants_model else None
    if owner is not None:
        survivors.kill_user(owner)  # left by a sandbox whose maker was killed
        stack.callback(survivors.kill_user, owner)
    cgroup = Cgroup.create(f"{prepared.folder.path.name}-{folders.path.name}", spec.limits)
    if cgroup is not None:
        stack.callback(cgroup.close)
    return _Box(spec, paths, folders.runner, owner, cgroup, port)


def _make_folders(folders: rundir.Box, packages: Path | None, owner: int | None) -> SandboxPaths:
    """Make the folders a sandbox may write to."""
    places = {name: folders.path / name for name in _ITS_OWN}
    for place in places.values():
        place.mkdir()
        place.chmod(0o755)
        if owner is not None:
            os.chown(place, owner, -1)
    return SandboxPaths(
        control=str(folders.control),
        agent=str(folders.agent),
        packages=str(packages or folders.path / "packages"),
        **{name: str(place) for name, place in places.items()},
    )


def _make_removable(folder: Path) -> None:
    """Take back the rights a command of our own user may have taken from its folders."""
    run(("chmod", "-R", "u+rwX", str(folder)), timeout_s=_CLEANING_TIMEOUT_S)


@contextmanager
def _reserved_port() -> Iterator[int]:
    """Hold a loopback port that nobody but the relay, which also reuses addresses, can take."""
    with socket.socket() as reservation:
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reservation.bind(("127.0.0.1", 0))
        yield reservation.getsockname()[1]


@contextmanager
def _started(box: _Box, prepared: _Prepared) -> Iterator[Channel]:
    """Start the launcher, which becomes the runner; on leaving, all of it is gone."""
    ours, theirs = socket.socketpair()
    with ours, tempfile.TemporaryFile() as complaints, _rules(box, prepared) as rules:
        with theirs:
            process = subprocess.Popen(
                _command(box, prepared, rules),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=complaints,
                env={},
                cwd="/",
                pass_fds=() if rules is None else (rules,),
                start_new_session=True,
                user=box.owner,
                group=box.owner,
                extra_groups=None if box.owner is None else (),
            )
        channel = Channel(ours)
        try:
            _hear_greeting(channel, complaints)
            if box.cgroup is not None:
                box.cgroup.join(process.pid)  # in time: no command has run yet
            yield channel
        finally:
            if box.owner is None:
                survivors.kill_descendants(process.pid)
            channel.close()
            process.kill()
            process.wait(_END_TIMEOUT_S)


def _rules(box: _Box, prepared: _Prepared) -> AbstractContextManager[int | None]:
    if prepared.ground.landlock == 0:
        return nullcontext()
    return landlock.ruleset(
        territory(prepared.ground, box.paths, box.runner, prepared.hidden, box.port),
        prepared.ground.landlock,
    )


def _command(box: _Box, prepared: _Prepared, rules: int | None) -> list[str]:
    ground, runtime = prepared.ground, box.runner
    bounds = ground.resource_limits(box.spec.limits, box.cgroup)
    runner = (
        *(prepared.python, "-I", "-S", "-c", _START_RUNNER, str(runtime)),
        "uid" if ground.is_root else "tree",
        *("" if word is None else str(word) for word in (box.port, box.model_socket)),
        *(f"{name}={value}" for name, value in bounds.items()),
    )
    return launched(runtime, prepared.python, rules, ground.filters, runner)


def _hear_greeting(channel: Channel, complaints: IO[bytes]) -> None:
    try:
        channel.hear(timeout_s=_START_TIMEOUT_S)
    except SandboxError as error:
        complaints.seek(0)
        reason = complaints.read(2000).decode(errors="replace").strip().rpartition("\n")[2]
        raise SandboxError(f"the sandbox did not start: {reason or error}") from error


def _environment(box: _Box) -> Mapping[str, str]:
    paths = box.paths
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": paths.tmp,
        "LANG": "C.UTF-8",
        "TMPDIR": paths.tmp,
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    surrounding = with_variables(environment, box.spec.environment)
    return with_packages(surrounding, paths.packages) if box.spec.packages else surrounding
