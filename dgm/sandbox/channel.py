"""The host's end of the connection with a runner: requests out, hostile answers in.

Every answer is bounded in size and in time, and its fields are only ever bytes. See
`sandbox/runtime/frames.py` for the format.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator, Sequence

from dgm.errors import SandboxError

_HEADER = struct.Struct("!cI")
_LENGTH = struct.Struct("!I")
_CHUNK = 256 * 1024
_MAX_FIELDS = 8


class Channel:
    """One conversation. After an error it is of no use any more."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def ask(
        self, kind: bytes, fields: Sequence[bytes], *, timeout_s: float, max_bytes: int = _CHUNK
    ) -> tuple[bytes, ...]:
        """Send a request and return the fields of its answer.

        Raises: SandboxError if the runner is gone, refuses, or gives no usable answer in time.
        """
        deadline = time.monotonic() + timeout_s
        self._send(kind, fields, deadline)
        return self._answer(deadline, max_bytes)

    def hear(self, *, timeout_s: float) -> tuple[bytes, ...]:
        """Return the fields of the greeting. Raises: SandboxError."""
        return self._answer(time.monotonic() + timeout_s, _CHUNK)

    def stream(self, kind: bytes, fields: Sequence[bytes], *, timeout_s: float) -> Iterator[bytes]:
        """Send a request and yield the pieces of its answer. Raises: SandboxError."""
        deadline = time.monotonic() + timeout_s
        self._send(kind, fields, deadline)
        while True:
            answer, payload = self._frame(deadline, 2 * _CHUNK)
            if answer != b"d":
                _refuse_unless_done(answer, payload)
                return
            yield payload

    def close(self) -> None:
        """Hang up, which ends the runner."""
        self._connection.close()

    def _send(self, kind: bytes, fields: Sequence[bytes], deadline: float) -> None:
        payload = b"".join(_LENGTH.pack(len(field)) + field for field in fields)
        try:
            self._set_deadline(deadline)
            self._connection.sendall(_HEADER.pack(kind, len(payload)) + payload)
        except OSError as error:
            raise SandboxError(f"the sandbox takes no requests any more: {error}") from error

    def _answer(self, deadline: float, max_bytes: int) -> tuple[bytes, ...]:
        kind, payload = self._frame(deadline, max_bytes)
        _refuse_unless_done(kind, payload)
        return _fields(payload)

    def _frame(self, deadline: float, max_bytes: int) -> tuple[bytes, bytes]:
        kind, length = _HEADER.unpack(self._read(_HEADER.size, deadline))
        if length > max_bytes:
            raise SandboxError(f"the sandbox answered {length} bytes, {max_bytes} are allowed")
        return kind, self._read(length, deadline)

    def _read(self, length: int, deadline: float) -> bytes:
        parts = bytearray()
        try:
            while len(parts) < length:
                self._set_deadline(deadline)
                chunk = self._connection.recv(min(_CHUNK, length - len(parts)))
                if not chunk:
                    raise SandboxError("the sandbox was lost")
                parts += chunk
        except OSError as error:
            raise SandboxError(f"the sandbox does not answer: {error}") from error
        return bytes(parts)

    def _set_deadline(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(left)


def number(value: int) -> bytes:
    """Encode a number as a field; it must fit 32 bits."""
    return _LENGTH.pack(value)


def _refuse_unless_done(kind: bytes, payload: bytes) -> None:
    if kind != b"k":
        reason = payload[:300].decode(errors="replace") if kind == b"e" else "an unknown answer"
        raise SandboxError(f"the sandbox could not do it: {reason}")


def _fields(payload: bytes) -> tuple[bytes, ...]:
    fields: list[bytes] = []
    at = 0
    while at < len(payload):
        if len(payload) - at < _LENGTH.size or len(fields) >= _MAX_FIELDS:
            raise SandboxError("the sandbox gave a malformed answer")
        (length,) = _LENGTH.unpack_from(payload, at)
        at += _LENGTH.size
        fields.append(payload[at : at + length])
        at += length
    if at != len(payload):
        raise SandboxError("the sandbox gave a malformed answer")
    return tuple(fields)
