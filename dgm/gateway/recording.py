"""A provider that answers from a transcript, and says where a replay left the recorded path."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace
from pathlib import Path

from dgm.errors import (
    ArchiveError,
    ModelUnusableError,
    OverBudgetError,
    ProviderError,
    RequestRefusedError,
)
from dgm.gateway.encoding import request_object, rest_of
from dgm.gateway.excerpt import Excerpt, excerpt_of
from dgm.gateway.protocol import CallContext
from dgm.gateway.redaction import redact_json
from dgm.gateway.transcript import Exchange, Failure, read_transcript
from dgm.gateway.wire import Reply, Request

_EXCERPT = 60
_VOLATILE = tuple(
    (re.compile(pattern), stand_in)
    for pattern, stand_in in (
        (r"\b\d+(?:\.\d+)?(?:e-\d+)?\s?(?:ns|us|µs|ms|s|secs?|seconds?|minutes?)\b", "<time>"),
        (r"\b0x[0-9a-fA-F]{4,}\b", "<address>"),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?", "<date>"),
        (r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d [ \d]\d:\d\d\b", "<date>"),
        (r"(?:/[\w.+-]+)+(?=/(?:workspace|agent)\b)", ""),
        (r"\btmp[a-z0-9_]{6,}\b", "<temp>"),
    )
)


class Recording:
    """Answers call n with the n-th recorded exchange, whatever is asked. Thread-safe.

    `divergence` is the first request that differs from the recorded one, in one line; text that
    changes by itself (durations, addresses, dates, temporary names) is not compared, but where only
    the digest of a long request was recorded.

    Raises: ArchiveError if there is no transcript.
    """

    name = "recording"

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._exchanges = _exchanges(path)
        self._divergence = (-1, "")

    @property
    def divergence(self) -> str:
        """The first difference, empty if there is none."""
        return self._divergence[1]

    def complete(self, request: Request, context: CallContext) -> Reply:
        """Give the recorded reply, or fail as the recorded call failed.

        Raises: ProviderError also when the recording has no such call.
        """
        exchange = self._exchanges.get(context.index)
        if exchange is None:
            total = len(self._exchanges)
            self._note(context.index, f"the recording ends after {total} calls")
            raise ProviderError(f"the recording ends after {total} calls; this is one more")
        if where := _where_it_differs(exchange, request):
            self._note(context.index, where)
        return _outcome(exchange)

    def finish(self, calls: int) -> None:
        """Note calls that were recorded but not made."""
        if calls < len(self._exchanges):
            self._note(calls, f"the replay ends, the recording has {len(self._exchanges)} calls")

    def _note(self, index: int, where: str) -> None:
        with self._lock:
            if not self._divergence[1] or index < self._divergence[0]:
                self._divergence = (index, f"call {index}: {where}")


def _exchanges(path: Path) -> dict[int, Exchange]:
    try:
        return {exchange.index: exchange for exchange in read_transcript(path)}
    except FileNotFoundError as error:
        raise ArchiveError(f"there is no transcript to replay at {path}") from error


def _outcome(exchange: Exchange) -> Reply:
    if exchange.reply is not None:
        return exchange.reply
    match exchange.failure:
        case Failure.OVER_BUDGET:
            raise OverBudgetError("rollout/recording", exchange.message)
        case Failure.REFUSED | Failure.CONTEXT_OVERFLOW as kind:
            is_overflow = kind is Failure.CONTEXT_OVERFLOW
            raise RequestRefusedError(exchange.message, is_overflow=is_overflow)
        case Failure.MODEL_UNUSABLE:
            raise ModelUnusableError(exchange.message)
        case _:
            raise ProviderError(exchange.message)


def _where_it_differs(exchange: Exchange, request: Request) -> str:
    if exchange.excerpt is None:
        return _difference(_comparable(exchange.request), _comparable(request), "request")
    kept = len(exchange.request.messages)
    settings = request if exchange.excerpt.is_continued else exchange.request
    known = replace(settings, messages=request.messages[:kept])
    return _difference(
        _comparable(exchange.request), _comparable(known), "request"
    ) or _excerpt_difference(exchange.excerpt, request, kept)


def _excerpt_difference(recorded: Excerpt, request: Request, kept: int) -> str:
    """Compare what was recorded by its beginning and its digest: to the letter beyond the one."""
    now = excerpt_of(rest_of(request, kept, is_continued=recorded.is_continued))
    if now.sha256 == recorded.sha256:
        return ""
    one, other = _steady(recorded.head), _steady(now.head)
    most = min(len(one), len(other)) - _EXCERPT  # a word that changes by itself may be cut in two
    return _text_difference(one[:most], other[:most], "request") or (
        f"request: expected {recorded.size} bytes of which only the first were recorded, "
        f"got {now.size} that begin alike"
    )


def _comparable(request: Request) -> object:
    return redact_json(request_object(request))


def _difference(expected: object, got: object, path: str) -> str:
    """Describe the first difference of two JSON values; empty if there is none."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for name in [*expected, *(name for name in got if name not in expected)]:
            if where := _difference(expected.get(name), got.get(name), f"{path}.{name}"):
                return where
        return ""
    if isinstance(expected, list) and isinstance(got, list):
        for position, pair in enumerate(zip(expected, got, strict=False)):
            if where := _difference(*pair, f"{path}[{position}]"):
                return where
        return _difference(len(expected), len(got), f"{path}.length")
    return _text_difference(_steady(expected), _steady(got), path)


def _text_difference(expected: str, got: str, path: str) -> str:
    if expected == got:
        return ""
    pairs = enumerate(zip(expected, got, strict=False))
    first = next((at for at, (a, b) in pairs if a != b), min(len(expected), len(got)))
    start = max(0, first - _EXCERPT // 3)
    one, other = (repr(text[start : start + _EXCERPT]) for text in (expected, got))
    return f"{path}: expected {one}, got {other}"


def _steady(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    for pattern, stand_in in _VOLATILE:
        text = pattern.sub(stand_in, text)
    return text
