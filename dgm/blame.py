"""Tell an agent that loses its sandbox from a machine that loses sandboxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dgm.errors import MachineError, SandboxError, SandboxLostError, SandboxUnavailableError


@contextmanager
def blaming(control: Callable[[], object]) -> Iterator[None]:
    """If a sandbox is lost in the block, let `control` do the same without the agent.

    Raises: SandboxLostError if that works; the first error if it does not.
    """
    try:
        yield
    except SandboxUnavailableError:
        raise
    except SandboxError as error:
        if _works(control):
            raise SandboxLostError(str(error)) from error
        raise


def _works(control: Callable[[], object]) -> bool:
    try:
        control()
    except MachineError:
        return False
    return True
