"""The Docker driver: hardened containers from a pool, each with a runner as first process.

Covered: what `settings` lists, put in force by the engine; a container ends with the process that
leased it, since its runner hears that process hang up; it is used once. Not covered: faults of the
kernel and of the engine itself, which runs as root; whoever may use the engine may do everything.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from dgm.errors import SandboxError, SandboxUnavailableError
from dgm.records import Environment, SandboxLimits
from dgm.resources import data_folder
from dgm.sandbox import probes, rundir, runner
from dgm.sandbox.containers import labels
from dgm.sandbox.containers.container import Container, Dock, started
from dgm.sandbox.containers.pool import Pool
from dgm.sandbox.containers.settings import Kind
from dgm.sandbox.containers.stock import Stock
from dgm.sandbox.engine import facts_of
from dgm.sandbox.protocol import Probe, Sandbox, SandboxPaths, SandboxSpec
from dgm.sandbox.session import Place, RunnerSandbox

if TYPE_CHECKING:
    from docker import DockerClient

    from dgm.sandbox.enginefacts import EngineFacts

_IN_FORCE = (
    *("network:none", "root:read-only", "system-calls:seccomp", "workspace:tmpfs", "tmp:tmpfs"),
    *("open_files:rlimit", "file_size:rlimit"),
    *("memory:docker", "processes:docker", "cpus:docker", "inodes:tmpfs"),
)
logger = logging.getLogger(__name__)


class Docker:
    """`SandboxDriver` over a Docker engine; `image` is the name or id of an image it has.

    The client belongs to the driver, which closes it. An engine that is started again is waited
    for, so long.
    """

    name = "docker"
    is_strong = True

    def __init__(self, client: DockerClient, image: str, patience_s: float = 15.0) -> None:
        self._client = client
        self._image = image
        self._patience_s = patience_s
        self._stack = ExitStack()
        self._dock: Dock | None = None
        self._pool: Pool | None = None

    def __enter__(self) -> Docker:
        """Start one container, so that what can never work is known before it is relied on."""
        with ExitStack() as stack:
            stack.callback(self._client.close)
            self._dock = _dock(stack, self._client, self._image, self._patience_s)
            start = partial(started, self._dock)
            with start(Kind("check", SandboxLimits(), wants_model=True)):
                self._pool = stack.enter_context(Pool(start))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._dock = self._pool = None
        self._stack.close()

    def open(self, spec: SandboxSpec) -> AbstractContextManager[Sandbox]:
        """Lease a container; on leaving, nothing of it runs, and it is about to be removed."""
        if self._dock is None or self._pool is None:
            raise SandboxError("the driver is not open; use it in a `with` block")
        return _open(spec, self._dock, self._pool)

    def probe(self) -> tuple[Probe, ...]:
        """Try each limit by a small attack in a sandbox of its own."""
        return probes.probe(self)

    def reap(self, run: str | None = None) -> int:
        """Remove what dead processes of this project left: containers, folders, sockets."""
        return reap(self._client, run)


def reap(client: DockerClient, run: str | None = None) -> int:
    """Remove what dead processes left, containers and folders; return how many sandboxes.

    Raises: SandboxError if the engine is lost.
    """
    return len(labels.reap(client, run) | rundir.reap(run))  # one sandbox mostly leaves both


@contextmanager
def _open(spec: SandboxSpec, dock: Dock, pool: Pool) -> Iterator[RunnerSandbox]:
    packages = dock.folder.packages(spec.packages) if spec.packages else None
    stocked = dock.stock.of(spec.environment)
    image = "" if stocked.image == dock.stock.base else stocked.image
    with pool.lease(Kind(spec.run, spec.limits, spec.wants_model, packages, image)) as container:
        if spec.agent is not None:
            rundir.copy_readable(spec.agent, container.place.agent)
        environment = stocked.variables
        if packages is not None:
            environment = runner.with_packages(environment, SandboxPaths().packages)
        yield _sandbox(spec, environment, container)


def _sandbox(
    spec: SandboxSpec, environment: Mapping[str, str], container: Container
) -> RunnerSandbox:
    control = container.place.control
    return RunnerSandbox(
        container.channel,
        Place(
            limits=spec.limits,
            limits_in_force=_IN_FORCE,
            environment=environment,
            control=control,
            model_socket=control / "model.sock" if spec.wants_model else None,
            model_port=container.port,
            count_oom_kills=container.oom_kills,
        ),
    )


def check_engine(client: DockerClient) -> EngineFacts:
    """Return what the engine says of itself.

    Raises: SandboxUnavailableError if it cannot hold a sandbox of full strength.
    """
    facts = facts_of(client)
    shortcoming = facts.shortcoming()
    if shortcoming:
        raise SandboxUnavailableError(shortcoming)
    return facts


def _dock(stack: ExitStack, client: DockerClient, image: str, patience_s: float) -> Dock:
    """Look at the engine and the image, and lay out what all containers share."""
    facts = check_engine(client)
    stock = Stock(client, image, logger.info)
    stock.of(Environment())
    folder = rundir.RunDir()
    stack.callback(folder.close)
    return Dock(
        client=client,
        stock=stock,
        folder=folder,
        profile=(data_folder("sandbox") / "seccomp.json").read_text(),
        maps_users=facts.is_rootless or facts.has_userns_remap,
        patience_s=patience_s,
    )
