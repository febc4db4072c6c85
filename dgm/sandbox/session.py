"""A started sandbox with a runner inside: the part all drivers with a runner share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dgm.errors import SandboxError, UnsafeArchiveError
from dgm.records import SandboxLimits
from dgm.sandbox.channel import Channel, number
from dgm.sandbox.protocol import Collected, ExecResult, SandboxPaths
from dgm.sandbox.transfer import unpack

TRANSFER_TIMEOUT_S = 60.0
_GRACE_S = 10.0
_LINE = 64


@dataclass(frozen=True, slots=True)
class Place:
    """What a driver knows of a sandbox it has started.

    `environment` is what every command gets; `control` is the host's side of the control folder;
    `count_oom_kills` says how often the kernel has killed in it for lack of memory, so far.
    """

    limits: SandboxLimits
    limits_in_force: tuple[str, ...]
    environment: Mapping[str, str]
    control: Path
    model_socket: Path | None
    model_port: int | None
    count_oom_kills: Callable[[], int]
    paths: SandboxPaths = field(default_factory=SandboxPaths)


class RunnerSandbox:
    """`Sandbox` over a channel to the runner."""

    def __init__(self, channel: Channel, place: Place) -> None:
        self._channel = channel
        self._place = place

    @property
    def paths(self) -> SandboxPaths:
        """Where things are, seen from inside."""
        return self._place.paths

    @property
    def limits_in_force(self) -> tuple[str, ...]:
        """The names of the limits that really hold."""
        return self._place.limits_in_force

    @property
    def model_socket(self) -> Path | None:
        """The host path for the gateway's Unix socket."""
        return self._place.model_socket

    @property
    def model_port(self) -> int | None:
        """The loopback port inside that is relayed to the model's socket."""
        return self._place.model_port

    def put(self, archive: bytes, folder: str) -> None:
        """Unpack a tar the host made into `folder`."""
        self._channel.ask(b"P", (folder.encode(), archive), timeout_s=TRANSFER_TIMEOUT_S)

    def put_control(self, name: str, data: bytes) -> None:
        """Write a file into the control folder, complete or not at all."""
        unfinished = self._place.control / f".{name}"
        unfinished.write_bytes(data)
        unfinished.chmod(0o644)
        unfinished.rename(self._place.control / name)

    def exec(
        self,
        command: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str],
        timeout_s: float,
        stdin: bytes = b"",
    ) -> ExecResult:
        """Run a command to its end; nothing it started outlives the call."""
        self._admit_to_model()
        request = _exec_request(command, cwd, {**self._place.environment, **env}, stdin)
        cap = self._place.limits.output_kb * 1024
        head = (number(int(timeout_s * 1000)), number(cap - _LINE))
        killed_before = self._place.count_oom_kills()
        started = time.monotonic()
        try:
            code, dropped, stdout, stderr = self._channel.ask(
                b"X", (*head, *request), timeout_s=timeout_s + _GRACE_S, max_bytes=2 * cap + 4096
            )
        except SandboxError:
            if self._place.count_oom_kills() == killed_before:
                raise
            code, dropped, stdout, stderr = b"-9", b"0", b"", b""
        except ValueError as error:
            raise SandboxError("the sandbox gave a malformed answer") from error
        return ExecResult(
            exit_code=_whole_number(code) if code else None,
            stdout=stdout,
            stderr=stderr,
            duration_s=time.monotonic() - started,
            timed_out=not code,
            out_of_memory=self._place.count_oom_kills() > killed_before,
            dropped=_whole_number(dropped),
        )

    def collect(self, folder: str, into: Path, *, max_bytes: int, max_files: int) -> Collected:
        """Kill everything inside, then copy `folder` into the empty host folder `into`.

        What an agent left may fill the memory it shares with the runner, which then cannot pack.
        """
        killed_before = self._place.count_oom_kills()
        stream = self._channel.stream(b"C", (folder.encode(),), timeout_s=TRANSFER_TIMEOUT_S)
        try:
            return unpack(stream, into, max_bytes=max_bytes, max_files=max_files)
        except SandboxError as error:
            if self._place.count_oom_kills() == killed_before:
                raise
            raise UnsafeArchiveError("what lies there leaves no memory to pack it") from error

    def read_file(self, path: str, *, max_bytes: int) -> bytes | None:
        """Read the first `max_bytes` of a regular file inside, None if there is none."""
        answer = self._channel.ask(
            b"R",
            (path.encode(), number(max_bytes)),
            timeout_s=TRANSFER_TIMEOUT_S,
            max_bytes=max_bytes + 4096,
        )
        return answer[0][:max_bytes] if answer else None

    def _admit_to_model(self) -> None:
        """Let the sandbox's user connect to the gateway's socket; its folder keeps others out."""
        socket = self._place.model_socket
        if socket is not None and socket.is_socket():
            socket.chmod(0o666)


def _exec_request(
    command: Sequence[str], cwd: str, env: Mapping[str, str], stdin: bytes
) -> tuple[bytes, ...]:
    words = [os.fsencode(word) for word in command]
    pairs = [os.fsencode(f"{name}={value}") for name, value in env.items()]
    if not words or any(b"\0" in word for word in (*words, *pairs, os.fsencode(cwd))):
        raise SandboxError("a command needs at least one word, and no word may hold a NUL byte")
    return (number(len(words)), os.fsencode(cwd), stdin, *words, *pairs)


def _whole_number(text: bytes) -> int:
    try:
        return int(text[:20])
    except ValueError as error:
        raise SandboxError("the sandbox gave a malformed answer") from error
