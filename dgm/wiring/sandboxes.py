"""Which sandbox agents run in: the strongest that works here, or the one asked for."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from dgm.config import Config, read_config
from dgm.errors import SandboxError, SandboxUnavailableError
from dgm.resources import package_folder
from dgm.sandbox import bubblewrap, images, taskimages
from dgm.sandbox.bubblewrap import Bubblewrap
from dgm.sandbox.containers import driver as containers
from dgm.sandbox.containers.driver import Docker
from dgm.sandbox.engine import connect
from dgm.sandbox.process import Process
from dgm.sandbox.progress import Say
from dgm.sandbox.protocol import Probe, SandboxDriver
from dgm.wiring.models import asks_only_builtin

logger = logging.getLogger(__name__)


@contextmanager
def open_sandboxes(config: Config, tell: Say) -> Iterator[SandboxDriver]:
    """Open the strongest sandbox that works here, or the one that was asked for, and tell which.

    The weak `process` sandbox is never taken in silence, and a real model is let into it only if
    that was asked for and accepted.

    Raises: SandboxUnavailableError with the remedy.
    """
    with ExitStack() as stack:
        sandboxes, trouble = _open_strongest(stack, config)
        is_strong = not isinstance(sandboxes, Process)  # else a warning tells why it is taken
        why = f" (not docker: {trouble})" if trouble and is_strong else ""
        tell(f"sandbox: {sandboxes.name}{why}")
        if isinstance(sandboxes, Process):
            weaknesses = "\n  - ".join(sandboxes.what_does_not_hold())
            logger.warning(
                "agents run in the weak `process` sandbox; one that means harm could reach\n  - %s",
                weaknesses,
            )
        if isinstance(sandboxes, Bubblewrap) and (open_ends := sandboxes.what_does_not_hold()):
            logger.warning(
                "in this sandbox %s; run as root, or where control groups may be made",
                ", and ".join(open_ends),
            )
        yield sandboxes


def _open_strongest(
    stack: ExitStack, config: Config, *, may_build: bool = True
) -> tuple[SandboxDriver, str]:
    """Open what is wanted and works; with it goes why that is not Docker, where that was tried."""
    wanted, trouble = config.sandbox.driver, ""
    if wanted in ("auto", "docker"):
        try:
            return stack.enter_context(_docker(may_build=may_build)), ""
        except SandboxError as error:
            if wanted == "docker":
                raise
            trouble = str(error)
    return stack.enter_context(_without_engine(config, trouble)), trouble


def _docker(*, may_build: bool) -> Docker:
    """Return the driver over the engine here, with an image that is built if need be."""
    with ExitStack() as stack:
        client = stack.enter_context(closing(connect(os.environ.get("DOCKER_HOST", ""))))
        containers.check_engine(client)  # before an image is built for it
        image = images.ensure(client, logger.warning) if may_build else images.there(client)
        stack.pop_all()
    return Docker(client, image)


def _without_engine(config: Config, trouble: str = "") -> SandboxDriver:
    """Return bubblewrap, or what is asked for; the weak sandbox only where that is right.

    `trouble` is why an engine could not be had.
    """
    wanted = config.sandbox.driver
    if wanted != "process":
        reason = bubblewrap.check()
        if reason is None:
            return Bubblewrap(hidden=[package_folder()])
        if wanted == "bubblewrap":
            raise SandboxUnavailableError(reason)
        trouble = f"{reason}; {trouble}"
    is_accepted = wanted == "process" and config.sandbox.accept_weak
    if not is_accepted and not asks_only_builtin(config):
        raise SandboxUnavailableError(
            f"{trouble or 'the process sandbox is weak'}; a real model is let into the weak "
            "process sandbox only by: --sandbox process --yes-i-know"
        )
    if trouble:
        logger.warning("no strong sandbox: %s", trouble)
    return Process()


@dataclass(frozen=True, slots=True)
class Examined:
    """What the attacks on one kind of sandbox came to, or why it cannot work here."""

    sandbox: str
    is_strong: bool = False
    probes: tuple[Probe, ...] = ()
    trouble: str = ""


def examine(sandbox: str) -> Examined:
    """Try every limit of one kind of sandbox by a small attack; no image is built for that."""
    config = read_config("", [f"sandbox.driver={sandbox}"])
    with ExitStack() as stack:
        try:
            sandboxes, _ = _open_strongest(stack, config, may_build=False)
            return Examined(sandboxes.name, sandboxes.is_strong, sandboxes.probe())
        except SandboxError as error:
            return Examined(sandbox, trouble=str(error))


@dataclass(frozen=True, slots=True)
class Cleaned:
    """How many sandboxes of one kind were removed, or why none could be looked for."""

    sandbox: str
    removed: int = 0
    trouble: str = ""


def clean_images() -> Cleaned:
    """Remove the images of tasks, which `dgm bench prepare` makes again."""
    try:
        with closing(connect(os.environ.get("DOCKER_HOST", ""))) as client:
            return Cleaned("images", taskimages.remove_all(client))
    except SandboxError as error:
        return Cleaned("images", trouble=str(error))


def clean() -> tuple[Cleaned, ...]:
    """Remove what dead processes left, in every kind of sandbox."""
    try:
        with closing(connect(os.environ.get("DOCKER_HOST", ""))) as client:
            docker = Cleaned("docker", containers.reap(client))
    except SandboxError as error:
        docker = Cleaned("docker", trouble=str(error))
    return docker, *(Cleaned(driver.name, driver.reap()) for driver in (Bubblewrap(), Process()))
