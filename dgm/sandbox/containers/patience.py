"""An engine that is started again is waited for; one that stays away ends the run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dgm.errors import SandboxError, SandboxUnavailableError
from dgm.sandbox.engine import explained

if TYPE_CHECKING:
    from docker import DockerClient

_PAUSE_S = 0.25


@contextmanager
def patient(client: DockerClient, patience_s: float) -> Iterator[None]:
    """Let an error pass only when the engine answers, so that trying again may help.

    Raises: SandboxUnavailableError when the engine does not come back in time.
    """
    try:
        yield
    except SandboxUnavailableError:
        raise
    except SandboxError as error:
        if not _answers_within(client, patience_s):
            raise SandboxUnavailableError(str(error)) from error
        raise


def _answers_within(client: DockerClient, patience_s: float) -> bool:
    give_up_at = time.monotonic() + patience_s
    while True:
        try:
            with explained("waiting for the Docker engine"):
                client.ping()
        except SandboxError:
            if time.monotonic() > give_up_at:
                return False
            time.sleep(_PAUSE_S)
        else:
            return True
