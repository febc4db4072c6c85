"""One streamed answer, gathered event by event: bounded in time, and counted when it breaks off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

from dgm.errors import ModelUnusableError, ProviderError
from dgm.gateway.protocol import BrokenAnswerError
from dgm.gateway.providers import clouds
from dgm.gateway.providers.failures import Sdk, in_our_words, made_sense_of
from dgm.gateway.providers.upstream import Upstream
from dgm.gateway.wire import JsonObject, Reply

_STREAMS = ("text/event-stream", "application/vnd.amazon.eventstream")


class Assembler(Protocol):
    """Puts a reply together from the events of a stream. ValueError if they make no sense."""

    def add(self, event: JsonObject) -> None:
        """Take the next event."""

    def reply(self) -> Reply:
        """Return the whole reply."""

    def counted(self) -> Reply | None:
        """Return what tokens were counted so far, as a reply; None before the first event."""


class Event(Protocol):
    """An event as an SDK gives it."""

    def to_dict(self, *, warnings: bool) -> dict[str, object]:
        """Return its JSON."""


class Stream(AbstractContextManager["Stream"], Protocol):
    """A stream as an SDK gives it."""

    response: Any

    def __iter__(self) -> Iterator[Event]: ...


class Gatherer:
    """Gathers the streams of one upstream. Thread-safe."""

    def __init__(self, upstream: Upstream, clock: Callable[[], float] = time.monotonic) -> None:
        self._upstream = upstream
        self._clock = clock
        self._has_answered = False

    def gather(
        self,
        sdk: Sdk,
        model: str,
        open_stream: Callable[[], Stream],
        assembler: Assembler,
        deadline_s: float,
    ) -> Reply:
        """Return the reply that a stream holds.

        Raises: ProviderError, BrokenAnswerError if tokens were counted for nothing,
            RequestRefusedError, ModelUnusableError.
        """
        end = self._clock() + deadline_s
        try:
            with (
                in_our_words(sdk, self._upstream, model),
                clouds.in_our_words(self._upstream),
                open_stream() as stream,
            ):
                self._check_content_type(stream.response.headers.get("content-type", ""))
                with made_sense_of(self._upstream):
                    for event in stream:
                        assembler.add(event.to_dict(warnings=False))
                        self._check_time(end)
                    reply = assembler.reply()
        except ProviderError as error:
            if (counted := assembler.counted()) is not None:
                raise BrokenAnswerError(str(error), counted) from None
            raise
        self._has_answered = True
        return reply

    def _check_time(self, end: float) -> None:
        if self._clock() > end:
            raise ProviderError(f"the answer of {self._upstream.provider} took too long")

    def _check_content_type(self, content_type: str) -> None:
        """Refuse what is no stream: for good if this address has never given one."""
        kind = content_type.partition(";")[0].strip().lower()
        if kind in _STREAMS:
            return
        where, what = self._upstream.address, self._upstream.clean(kind) or "nothing"
        if kind == "text/html" and not self._has_answered:
            raise ModelUnusableError(
                f"{where} answers with a web page, not as a model's API does; set model.base_url "
                "to the address of the API (of an OpenAI-compatible server it often ends in /v1)"
            )
        raise ProviderError(f"{where} answered with {what} instead of a stream")
