"""HTTP over one Unix socket. Which socket it is *is* the identity of the caller.

Covered: more connections than the cap (closed, soon and one at a time, so that a socket never
holds more descriptors than its cap and one), connections that say nothing, bodies that
are too large or too slow, compressed bodies (not unpacked), passed descriptors (the kernel drops
them, nobody receives them), a caller that asks without end (its share of the loop is bounded, see
`ration`; it waits for itself alone). Not covered: what its calls cost beside the loop.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket as sockets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from dgm.gateway.answers import Answer, Waiting, refusal
from dgm.gateway.dialects import Refusal
from dgm.gateway.ration import CONNECTION_S, REFUSAL_S, REQUEST_S, Ration, Rationed

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # what a hostile caller provokes stays out of the terminal
_log.propagate = False


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one session: of its socket, and of what it can have written to the disk."""

    connections: int = 8
    body_bytes: int = 8 * 1024 * 1024
    first_request_s: float = 30.0
    idle_s: float = 300.0
    body_s: float = 60.0
    heartbeat_s: float = 15.0
    transcript_bytes: int = 64 * 1024 * 1024


_BACKLOG = 256
_PAUSE_S = 0.1
_READ_BYTES = 2048  # of a body, parsed at a time
_PENANCE_S = 0.25  # a place that sent what is no request stays taken so long
Handler = Callable[[str, str, bytes], Awaitable[Answer | Waiting]]
_WebHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Listener:
    """Serves one handler `(method, path, body) -> Answer`; used on the loop's thread only."""

    def __init__(self, handler: Handler, limits: Limits, ration: Ration) -> None:
        self._handler = handler
        self._limits = limits
        self._ration = ration
        self._web = _Web(self._answer, limits, ration)
        self._loop = asyncio.get_running_loop()
        self._socket: sockets.socket | None = None
        self._being_made: set[asyncio.Task[object]] = set()
        self._folder_fd = -1

    async def start(self, path: Path) -> None:
        """Listen at `path`, replacing a stale socket; anybody who sees the folder may connect."""
        with suppress(FileNotFoundError):
            path.unlink()
        self._folder_fd = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
        # Socket addresses end after 107 bytes, host folders do not.
        socket = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
        try:
            socket.bind(f"/proc/self/fd/{self._folder_fd}/{path.name}")
            path.chmod(0o666)
            socket.setblocking(False)
            socket.listen(_BACKLOG)
        except OSError:
            socket.close()
            os.close(self._folder_fd)
            raise
        self._path, self._socket = path, socket
        self._welcome()

    async def stop(self) -> None:
        """Close the socket, its file and every connection."""
        if self._socket is None:
            return
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._socket = None
        self._path.unlink(missing_ok=True)
        await asyncio.gather(*self._being_made, return_exceptions=True)
        await self._web.shutdown(timeout=0.1)
        os.close(self._folder_fd)

    def _welcome(self) -> None:
        if self._socket is not None:
            self._loop.add_reader(self._socket.fileno(), self._accept, self._socket)

    def _accept(self, socket: sockets.socket) -> None:
        """Take one connection: asyncio's own server takes all that wait before it closes any."""
        try:
            connection, _ = socket.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:  # this process has no descriptor left
            self._pause(socket, _PAUSE_S)
            return
        is_one_too_many = self._web.accepted >= self._limits.connections
        self._ration.spend(REFUSAL_S if is_one_too_many else CONNECTION_S)
        if (pause_s := self._ration.pause_s) > 0:
            self._pause(socket, pause_s)
        if is_one_too_many:
            connection.close()
            return
        connection.setblocking(False)
        protocol = self._web()  # counts from now on
        rationed = Rationed(protocol, self._ration)
        making = self._loop.connect_accepted_socket(lambda: rationed, connection)
        task = self._loop.create_task(making)
        self._being_made.add(task)
        task.add_done_callback(self._being_made.discard)

    def _pause(self, socket: sockets.socket, seconds: float) -> None:
        self._loop.remove_reader(socket.fileno())
        self._loop.call_later(seconds, self._welcome)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self._web.heard(request.protocol)
        self._ration.spend(REQUEST_S)
        try:
            is_there = request.content.is_eof()  # most bodies come with their heads
            async with asyncio.timeout(None if is_there else self._limits.body_s):
                body = await request.read()
        except TimeoutError:
            return _last(refusal(request.path, Refusal.TOO_SLOW, "the body took too long"))
        except web.HTTPRequestEntityTooLarge:
            message = f"the body is larger than {self._limits.body_bytes} bytes"
            return _last(refusal(request.path, Refusal.TOO_LARGE, message))
        await self._ration.pause()  # just before it is read: of many that wait, one goes on
        answer = await self._handler(request.method, request.path, body)
        if isinstance(answer, Waiting):
            return await self._stream(request, answer)
        return _response(answer)

    async def _stream(self, request: web.BaseRequest, waiting: Waiting) -> web.StreamResponse:
        """Answer as soon as there is an answer; until then, begin a stream and keep it alive."""
        coming = asyncio.ensure_future(waiting.answer)
        response: web.StreamResponse | None = None
        while not (await asyncio.wait([coming], timeout=self._limits.heartbeat_s))[0]:
            if response is None:
                response = web.StreamResponse(headers={"cache-control": "no-cache"})
                response.content_type = "text/event-stream"
                await response.prepare(request)
            await response.write(waiting.heartbeat)
        if response is None:
            return _response(coming.result())
        await response.write(coming.result().late)
        await response.write_eof()
        return response


def _response(answer: Answer) -> web.Response:
    return web.Response(
        body=answer.body,
        status=answer.status,
        headers=answer.headers,
        content_type=answer.content_type,
    )


def _last(answer: Answer) -> web.Response:
    """Answer, then close the connection: the rest of the body is not wanted."""
    response = _response(answer)
    response.force_close()
    return response


class _Connection(web.RequestHandler):
    """Counts how long it parses.

    It says in few words that a request cannot be read, and neither quotes nor logs it.
    """

    is_unreadable = False
    ration: Ration

    def data_received(self, data: bytes) -> None:
        """Parse; also called without data, to go on with what waited for a reader."""
        with self.ration.counting(), self.ration.counting():  # who reads it takes as long again
            super().data_received(data)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return super().handle_error(request, status, exc, message)
        self.is_unreadable = True
        response = web.Response(status=status, text="the request cannot be read\n")
        response.force_close()
        return response


class _Web(web.Server):
    """Counts its connections from the moment they are accepted, and drops the silent ones."""

    def __init__(self, handler: _WebHandler, limits: Limits, ration: Ration) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            handler,
            request_factory=partial(web.BaseRequest, loop=loop, client_max_size=limits.body_bytes),
            keepalive_timeout=limits.idle_s,
            lingering_time=5.0,
            read_bufsize=_READ_BYTES,
            access_log=None,
            auto_decompress=False,
            logger=_log,
        )
        self.accepted = 0
        self._ration = ration
        self._patience_s = limits.first_request_s
        self._silent: dict[web.RequestHandler, asyncio.TimerHandle] = {}

    def __call__(self) -> web.RequestHandler:
        self.accepted += 1
        connection = _Connection(self, loop=self._loop, **self._kwargs)
        connection.ration = self._ration
        return connection

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        loop = asyncio.get_running_loop()
        self._silent[handler] = loop.call_later(self._patience_s, transport.abort)

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        super().connection_lost(handler, exc)
        if isinstance(handler, _Connection) and handler.is_unreadable:
            self._loop.call_later(_PENANCE_S, self._release)
        else:
            self._release()
        self.heard(handler)

    def _release(self) -> None:
        self.accepted -= 1

    def heard(self, handler: web.RequestHandler) -> None:
        """Note that a connection has sent a request, or is gone."""
        if timer := self._silent.pop(handler, None):
            timer.cancel()
