"""A provider that does what it is told, and the small change around a gateway."""

import http.client
import json
import os
import socket
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from dgm.errors import ProviderError
from dgm.gateway.protocol import CallContext
from dgm.gateway.wire import Message, Reply, Request, StopReason, Text


@dataclass
class FakeProvider:
    """Answers with `reply`; fails while `failures` are left; waits for `gate` if there is one."""

    name: str = "fake"
    reply: Reply = field(
        default_factory=lambda: Reply((Text("hello"),), StopReason.END_TURN, 10, 5, "fake-1")
    )
    failures: list[Exception] = field(default_factory=list)
    gate: threading.Event | None = None
    entered: threading.Event = field(default_factory=threading.Event)
    seen: list[tuple[Request, CallContext]] = field(default_factory=list)

    def complete(self, request: Request, context: CallContext) -> Reply:
        self.seen.append((request, context))
        self.entered.set()
        if self.gate is not None and not self.gate.wait(10):
            raise ProviderError("nobody opened the gate")
        if self.failures:
            raise self.failures.pop(0)
        return replace(self.reply, id=f"msg_{context.index}")


def user_request(text: str = "hi", max_tokens: int = 100) -> Request:
    return Request("default", max_tokens, (Message("user", (Text(text),)),))


def body(text: str = "hi", **fields: object) -> bytes:
    messages = [{"role": "user", "content": text}]
    return json.dumps({"model": "any", "max_tokens": 100, "messages": messages, **fields}).encode()


def connect(path: Path, timeout_s: float = 10.0) -> socket.socket:
    """Connect to a Unix socket whose path may be longer than an address."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    try:
        connect_when_there_is_room(connection, f"/proc/self/fd/{folder}/{path.name}")
    except OSError:
        connection.close()
        raise
    finally:
        os.close(folder)
    return connection


def connect_when_there_is_room(connection: socket.socket, address: str) -> None:
    """Connect as soon as the server's queue takes one more."""
    while True:
        try:
            return connection.connect(address)
        except BlockingIOError:
            time.sleep(0.001)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = connect(self._path)


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    json: dict
    headers: dict


def ask(path: Path, method: str, target: str, data: bytes = b"") -> HttpAnswer:
    connection = UnixConnection(path)
    try:
        connection.request(method, target, data, {"content-type": "application/json"})
        response = connection.getresponse()
        return HttpAnswer(response.status, json.loads(response.read()), dict(response.headers))
    finally:
        connection.close()


def post(path: Path, data: bytes) -> HttpAnswer:
    return ask(path, "POST", "/v1/messages", data)
