"""One started container with a runner inside that has called and greeted."""

from __future__ import annotations

import os
import secrets
import select
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dgm.errors import SandboxError, SandboxUnavailableError
from dgm.sandbox import slots
from dgm.sandbox.channel import Channel, number
from dgm.sandbox.containers import labels
from dgm.sandbox.containers.meeting import check_caller, first_call, listening
from dgm.sandbox.containers.memory import OomKills
from dgm.sandbox.containers.patience import patient
from dgm.sandbox.containers.settings import SOCKET, Kind, Place, container_settings
from dgm.sandbox.containers.stock import Stock
from dgm.sandbox.engine import explained
from dgm.sandbox.rundir import RunDir

if TYPE_CHECKING:
    from docker import DockerClient

_CALL_TIMEOUT_S = 30.0
_GREETING_TIMEOUT_S = 20.0
_ANSWER_TIMEOUT_S = 2.0
_END_TIMEOUT_S = 2.0
_UNLEASED_UIDS = range(slots.FIRST_UID + slots.COUNT, slots.FIRST_UID + 2 * slots.COUNT)
_MAPPED_UIDS = range(20_000, 20_000 + slots.COUNT)


@dataclass(frozen=True, slots=True)
class Dock:
    """What all containers of a driver share.

    `maps_users`: user ids inside are others on the host (userns-remap, rootless); `patience_s`:
    how long an engine that is away is waited for.
    """

    client: DockerClient
    stock: Stock
    folder: RunDir
    profile: str
    maps_users: bool
    patience_s: float


@dataclass(frozen=True, slots=True)
class Container:
    """A container as it waits for its one lease.

    `process` is a descriptor of its first process (pidfd_open(2)), `port` that of the relay to the
    model.
    """

    id: str
    kind: Kind
    place: Place
    channel: Channel
    process: int
    port: int | None
    oom_kills: OomKills

    def answers(self) -> bool:
        """Whether the runner does what it is asked, right now."""
        nothing = (b"/", number(1))
        try:
            self.channel.ask(b"R", nothing, timeout_s=_ANSWER_TIMEOUT_S)
        except SandboxError:
            return False
        return True

    def end(self) -> bool:
        """Hang up, which ends the first process and with it all; whether that is seen in time."""
        self.channel.close()
        ending = select.poll()
        ending.register(self.process, select.POLLIN)
        return bool(ending.poll(1000 * _END_TIMEOUT_S))


@contextmanager
def started(dock: Dock, kind: Kind) -> Iterator[Container]:
    """Start a container; on leaving, everything of it is gone.

    Raises: SandboxError if the engine or the container is lost, SandboxUnavailableError if the
        engine refuses.
    """
    with _user(dock) as uid, dock.folder.box(kind.run, None) as box:
        box.path.chmod(_mode(dock))
        place = Place(box.control, box.agent, box.runner, kind.packages)
        container_id = _created(dock, kind, place, uid)
        try:
            channel, pid = _met(dock, container_id, place, uid)
            with closing(channel), _descriptor_of(pid) as process:
                (port,) = channel.hear(timeout_s=_GREETING_TIMEOUT_S)
                oom_kills = OomKills.of(dock.client, container_id, pid)
                yield Container(
                    container_id, kind, place, channel, process,
                    int(port) if port else None, oom_kills,
                )  # fmt: skip
        finally:
            labels.remove(dock.client, container_id)


@contextmanager
def _user(dock: Dock) -> Iterator[int]:
    """Lend a user id that is neither root's nor our own, and nobody else's if that can be had."""
    if dock.maps_users:
        yield secrets.choice(_MAPPED_UIDS)
    elif os.getuid() == 0:
        with slots.lease() as uid:
            yield uid
    else:
        yield secrets.choice(_UNLEASED_UIDS)


def _mode(dock: Dock) -> int:
    """Return the rights of the folders to mount: nobody but their owner can walk to them.

    Where users are mapped, the engine mounts as an ordinary user: then their name is the secret.
    """
    return 0o711 if dock.maps_users else 0o700


def _created(dock: Dock, kind: Kind, place: Place, uid: int) -> str:
    body = container_settings(
        kind,
        place,
        image=kind.image or dock.stock.base,
        uid=uid,
        profile=dock.profile,
        labels=labels.labels_of(kind.run, place.control.parent, time.time()),
    )
    api: Any = dock.client.api
    with patient(dock.client, dock.patience_s), explained("making a container"):
        answer = api.create_container_from_config(body)
    if answer.get("Warnings"):
        labels.remove(dock.client, answer["Id"])
        warnings = "; ".join(answer["Warnings"])
        raise SandboxUnavailableError(f"the Docker engine would hold less than asked: {warnings}")
    return str(answer["Id"])


def _met(dock: Dock, container_id: str, place: Place, uid: int) -> tuple[Channel, int]:
    """Start a container and take the call of its runner, its first process."""
    with listening(place.control / SOCKET) as listener:
        with patient(dock.client, dock.patience_s), explained("starting a container"):
            dock.client.api.start(container_id)
        caller = first_call(listener, lambda: _pid(dock, container_id) > 0, _CALL_TIMEOUT_S)
    try:
        pid = _pid(dock, container_id)
        check_caller(caller, pid, None if dock.maps_users else uid)
    except SandboxError:
        caller.close()
        raise
    return Channel(caller), pid


@contextmanager
def _descriptor_of(pid: int) -> Iterator[int]:
    try:
        process = os.pidfd_open(pid)
    except OSError as error:
        raise SandboxError(f"the container ended at once: {error}") from error
    try:
        yield process
    finally:
        os.close(process)


def _pid(dock: Dock, container_id: str) -> int:
    """Return the first process of a container, 0 if it has ended."""
    from docker.errors import NotFound

    with explained("looking at a container"):
        try:
            return int(dock.client.api.inspect_container(container_id)["State"]["Pid"])
        except NotFound:
            return 0
