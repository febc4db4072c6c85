"""What the host lays out for the attacks to find, for no longer than they take."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Bait:
    """A file, a process (its name is the token), two ports and an agent."""

    token: str
    file: Path
    listener: socket.socket
    receiver: socket.socket
    agent: Path


@contextmanager
def laid_out() -> Iterator[Bait]:
    """Lay out a file, a process, two ports and an agent, all open to everybody on the host."""
    token = secrets.token_hex(8)
    with (
        tempfile.TemporaryDirectory(prefix="dgm-probe-") as folder,
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        subprocess.Popen(
            [token], executable=sys.executable, stdin=subprocess.PIPE, env={}
        ) as process,
    ):
        receiver.bind(("127.0.0.1", 0))
        file = Path(folder, "canary")
        file.write_text(token)
        file.chmod(0o666)
        agent = Path(folder, "agent")
        agent.mkdir()
        Path(folder).chmod(0o755)
        try:
            yield Bait(token, file, listener, receiver, agent)
        finally:
            process.kill()
