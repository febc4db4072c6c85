"""What one socket may have of the loop that all sockets share.

A token bucket of seconds. Who asks now and then never meets it; who sends without end is read no
faster than its share allows, and waits in its own sandbox. Parsing and decoding are timed; what
else the loop does for bytes, a request or a connection is charged at a flat rate.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

SHARE, RESERVE_S = 0.4, 0.02
_MOST_DEBT_S = 0.4  # a machine that stood still is nobody's fault
# What was measured is in docs/measurements.md. Bytes and refusals are charged several times over:
# nobody needs 50 MB a second, or connections beyond the cap.
REQUEST_S, CONNECTION_S, REFUSAL_S = 100e-6, 100e-6, 250e-6
PIECE_S, BYTE_S = 30e-6, 8e-9
_PIECE_BYTES, _CRUMB_BYTES = 32 * 1024, 8 * 1024


class Ration:
    """The seconds of the loop that one socket has left; used on the loop's thread only."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._had_s, self._at = RESERVE_S, clock()

    @property
    def left_s(self) -> float:
        """What is left; less than nothing where more was used than there was."""
        return min(RESERVE_S, self._had_s + SHARE * (self._clock() - self._at))

    @property
    def pause_s(self) -> float:
        """How long to read nothing now."""
        return max(0.0, -self.left_s / SHARE)

    def spend(self, seconds: float) -> None:
        """Take what was used."""
        self._had_s = max(-_MOST_DEBT_S, self.left_s - seconds)
        self._at = self._clock()

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Take the time of a block."""
        started = self._clock()
        try:
            yield
        finally:
            self.spend(self._clock() - started)

    async def pause(self) -> None:
        """Wait until there is something left."""
        while (pause_s := self.pause_s) > 0:  # others wait too, and the first may spend it
            await asyncio.sleep(pause_s)


class Rationed(asyncio.BufferedProtocol):
    """Stands between a connection and its protocol, and stops reading where the ration is spent.

    Bytes are charged here; the protocol charges what it does with them. Reading in small pieces, it
    keeps nobody waiting for long.
    """

    def __init__(self, inner: asyncio.Protocol, ration: Ration) -> None:
        self._inner, self._ration = inner, ration
        self._is_held = self._is_paused = False
        self._piece = bytearray(_PIECE_BYTES)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the protocol a transport that obeys both."""
        self._transport = cast(asyncio.Transport, transport)
        self._inner.connection_made(cast(asyncio.Transport, _Obeying(self._transport, self)))

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on."""
        self._inner.connection_lost(exc)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where to put the next piece: a crumb while there is little left to parse it with."""
        del sizehint
        return memoryview(self._piece)[
            : None if self._ration.left_s > RESERVE_S / 2 else _CRUMB_BYTES
        ]

    def buffer_updated(self, nbytes: int) -> None:
        """Pass a piece on; the protocol counts how long it takes."""
        self._inner.data_received(bytes(memoryview(self._piece)[:nbytes]))
        self._ration.spend(PIECE_S + nbytes * BYTE_S)
        if not self._is_held and (pause_s := self._ration.pause_s) > 0:
            self._is_held = True
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(pause_s, self._release)

    def eof_received(self) -> bool | None:
        """Pass on."""
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        """Pass on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass on."""
        self._inner.resume_writing()

    def pause_reading(self) -> None:
        """Read nothing until the protocol wants more."""
        self._is_paused = True
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on, as soon as the ration allows."""
        self._is_paused = False
        if not self._is_held:
            self._transport.resume_reading()

    def _release(self) -> None:
        self._is_held = False
        if not self._is_paused:
            self._transport.resume_reading()


class _Obeying:
    """A transport whose reading is stopped and resumed by its protocol through the ration."""

    def __init__(self, transport: asyncio.Transport, rationed: Rationed) -> None:
        self._transport = transport
        self.pause_reading, self.resume_reading = rationed.pause_reading, rationed.resume_reading

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all else is the transport's own
        return getattr(self._transport, name)
