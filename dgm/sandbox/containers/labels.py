"""Labels say whose a container is; by them the remains of dead processes are found.

A container belongs to the folder of its driver (`rundir`), whose lock tells whether the owner
lives. That can be told only where that folder would be seen: on the same boot of the same machine,
by a process with the same /tmp. Everywhere else the date of expiry decides.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dgm.sandbox import rundir
from dgm.sandbox.engine import explained

if TYPE_CHECKING:
    from docker import DockerClient

PROJECT = "dgm.project"
RUN = "dgm.run"
OWNER = "dgm.owner"
HOST = "dgm.host"
SANDBOX = "dgm.sandbox"
EXPIRES = "dgm.expires"
OURS = "darwin-goedel-machine"
LIFETIME_S = 24 * 3600
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def labels_of(run: str, box: Path, now: float) -> dict[str, str]:
    """Label the container that sees the folder `box`, in that of its driver, started at `now`."""
    return {
        PROJECT: OURS,
        RUN: run,
        OWNER: str(box.parent),
        SANDBOX: box.name,
        HOST: host_id(),
        EXPIRES: str(int(now + LIFETIME_S)),
    }


def host_id() -> str:
    """Name this boot of this machine, and the folder that owners' folders lie in."""
    base = rundir.BASE.stat()
    return f"{_BOOT_ID.read_text().strip()}/{base.st_dev}/{base.st_ino}"


def is_left_over(labels: Mapping[str, str], now: float) -> bool:
    """Whether a container of ours has outlived its owner, or, of another machine, its time."""
    if labels.get(PROJECT) != OURS:
        return False
    if labels.get(HOST) == host_id():
        return not rundir.is_owned(Path(labels.get(OWNER, "")))
    expires = labels.get(EXPIRES, "")
    return expires.isdecimal() and int(expires) < now


def reap(client: DockerClient, run: str | None = None) -> frozenset[str]:
    """Remove the containers that dead processes left (of one run, or all).

    Returns the names of their sandboxes, as `rundir.reap` does of folders.

    Raises: SandboxError if the engine is lost.
    """
    chosen = {"label": [f"{PROJECT}={OURS}", *([f"{RUN}={run}"] if run is not None else [])]}
    with explained("looking for containers that were left behind"):
        found = client.api.containers(all=True, filters=chosen)
    left = [each for each in found if is_left_over(each["Labels"], time.time())]
    for each in left:
        remove(client, each["Id"])
    return frozenset(each["Labels"].get(SANDBOX, each["Id"]) for each in left)


def remove(client: DockerClient, container: str) -> None:
    """Kill a container and see it gone, whoever else is removing it. Raises: SandboxError."""
    from docker.errors import APIError, NotFound

    with explained("removing a container"):
        try:
            client.api.remove_container(container, force=True, v=True)
        except NotFound:
            return
        except APIError as error:
            if error.status_code != 409:
                raise
            _see_it_gone(client, container)


def _see_it_gone(client: DockerClient, container: str) -> None:
    """Wait for a removal that is under way."""
    from docker.errors import NotFound

    try:
        client.api.wait(container, condition="removed", timeout=30)
    except NotFound:
        return
