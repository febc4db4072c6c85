"""How a runner in a container gets its connection with the host: it calls, and is let in once.

The host listens on a Unix socket in the control folder of that one container, and takes one call.
The caller must be the container's first process, as the kernel and the engine say; the socket is
gone before any command runs.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dgm.errors import SandboxError

_LOOK_EVERY_S = 0.5
_CREDENTIALS = struct.Struct("3i")


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """Listen on a socket that anybody who reaches its folder may call."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        try:
            path.chmod(0o666)
            listener.listen(1)
            yield listener
        finally:
            path.unlink()


def first_call(
    listener: socket.socket, is_alive: Callable[[], bool], timeout_s: float
) -> socket.socket:
    """Wait for the first call. Raises: SandboxError if the container ends or never calls."""
    deadline = time.monotonic() + timeout_s
    listener.settimeout(_LOOK_EVERY_S)
    while True:
        try:
            caller, _ = listener.accept()
        except TimeoutError:
            if not is_alive():
                raise SandboxError("the container ended before its runner called") from None
            if time.monotonic() > deadline:
                raise SandboxError(
                    f"the runner in the container did not call within {timeout_s:.0f} s"
                ) from None
        else:
            return caller


def check_caller(caller: socket.socket, pid: int, uid: int | None) -> None:
    """Refuse any other process than `pid`, of user `uid` where that is known. Raises: SandboxError.

    `pid` is as this process sees it, which takes an engine in the same pid namespace.
    """
    credentials = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    its_pid, its_uid, _ = _CREDENTIALS.unpack(credentials)
    if its_pid != pid or (uid is not None and its_uid != uid):
        raise SandboxError(
            f"process {its_pid} of user {its_uid} called in place of the container's runner "
            f"(process {pid}); run dgm on the engine's machine, and not in a container of it"
        )
