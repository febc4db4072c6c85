"""Running a program of the host: a list of words, no shell, a small environment, bounds on all.

Covered: time (the whole process group is killed at the deadline), output (bounded in memory),
inherited environment (none) and descriptors (none). Not covered: what the program itself does.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dgm.errors import ProcessFailedError, TooMuchOutputError

MAX_OUTPUT = 64 * 1024 * 1024
_CHUNK = 64 * 1024
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
}


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended. `code` is negative for a signal."""

    code: int
    stdout: bytes
    stderr: bytes

    def check(self, what: str) -> Finished:
        """Return this if the exit code is 0. Raises: ProcessFailedError naming `what` if not."""
        if self.code == 0:
            return self
        last_words = (self.stderr or self.stdout)[-500:].decode(errors="replace").strip()
        raise ProcessFailedError(f"{what} failed with code {self.code}: {last_words}")


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float,
    input: bytes = b"",
    max_output: int = MAX_OUTPUT,
) -> Finished:
    """Run a program to its end; a non-zero exit code is no error.

    `env` is laid over a small fixed environment; nothing of this process's own is passed on.
    `max_output` bounds stdout and stderr, in bytes each.
    Raises: ProcessFailedError if the program is missing or runs too long; TooMuchOutputError.
    """
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env={**_ENVIRONMENT, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ProcessFailedError(f"cannot start {argv[0]!r}: {error.strerror}") from error
    with process:
        try:
            stdout, stderr = _converse(process, input, timeout_s, max_output)
            process.wait(timeout_s)
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            raise ProcessFailedError(f"{argv[0]!r} ran longer than {timeout_s:g} s") from error
        finally:
            _kill_group(process)
    return Finished(process.returncode, stdout, stderr)


def _converse(
    process: subprocess.Popen[bytes], data: bytes, timeout_s: float, max_output: int
) -> tuple[bytes, bytes]:
    """Feed `data` and gather both outputs until the program has closed them."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    gathered: dict[IO[bytes], bytearray] = {
        process.stdout: bytearray(),
        process.stderr: bytearray(),
    }
    unsent = memoryview(data)
    deadline = time.monotonic() + timeout_s
    with selectors.DefaultSelector() as selector:
        os.set_blocking(process.stdin.fileno(), False)
        selector.register(process.stdin, selectors.EVENT_WRITE)
        for stream in gathered:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(deadline - time.monotonic())
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                if key.fileobj is process.stdin:
                    unsent = _send(process.stdin, unsent)
                    is_done = not unsent
                else:
                    into = gathered[key.fileobj]  # type: ignore[index]
                    is_done = not _gather(key.fd, into, max_output)
                if is_done:
                    selector.unregister(key.fileobj)  # first: a closed number is soon another's
                    key.fileobj.close()  # type: ignore[union-attr]
    return bytes(gathered[process.stdout]), bytes(gathered[process.stderr])


def _send(stream: IO[bytes], unsent: memoryview) -> memoryview:
    """Write what fits; what is left, or nothing when the program reads no more."""
    try:
        left = unsent[os.write(stream.fileno(), unsent[:_CHUNK]) :]
    except BrokenPipeError:
        left = unsent[:0]
    return left


def _gather(fd: int, into: bytearray, most: int) -> bool:
    """Read what is there; False at the end. Raises: TooMuchOutputError beyond the bound."""
    chunk = os.read(fd, _CHUNK)
    into += chunk
    if len(into) > most:
        raise TooMuchOutputError(f"a program wrote more than {most} bytes")
    return bool(chunk)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the program and all it left in its process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
