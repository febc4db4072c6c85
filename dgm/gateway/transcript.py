r"""The record of a session: append-only JSONL, flushed line by line, compressed when closed.

Three kinds of lines. `{"index", "reserved"}` is written before a call, so that a call under way
when the process is killed still counts at its worst case; `{"index", "raised"}` takes its place
when the call is made again after tokens were counted for nothing. `{"index", "started_at",
"seconds", "request", "reply", "error", "usage"}` is written after it. A request repeats the
conversation so far: `request.kept` says how many messages are those of the last request that was
written whole, `request.same` that all but its messages is; only the rest is written.

Covered: what an agent can make a transcript grow to. A request without an answer, which costs
nothing, is written whole if it is short; else `request.excerpt` takes the place of the rest. So is
every request from `most_bytes` on. Not covered: the answers themselves, which are as long as the
model makes them.

`NAME.jsonl` becomes `NAME.jsonl.gz` on closing. Where both exist the plain file holds everything.
All functions take the plain path.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from dgm.gateway.codec import decode_reply, decode_request
from dgm.gateway.encoding import message_object, reply_object, request_object, rest_of
from dgm.gateway.excerpt import MOST_CHARACTERS, Excerpt, excerpt_of
from dgm.gateway.redaction import may_hold_key, redact_json
from dgm.gateway.wire import Reply, Request, in_common
from dgm.records import Usage

_NOTHING = Request("", 0, ())
_AROUND = ("same", "kept")
_SETTINGS = tuple(each.name for each in fields(Request) if each.name != "messages")
_COUNTS = tuple(each.name for each in fields(Usage))


class Failure(StrEnum):
    """Why a call has no reply."""

    OVER_BUDGET = "over_budget"
    REFUSED = "refused"
    CONTEXT_OVERFLOW = "context_overflow"
    MODEL_UNUSABLE = "model_unusable"
    PROVIDER = "provider"
    CLOSED = "closed"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call: the request, and a reply or a failure with its message.

    `started_at` is seconds since the epoch, `seconds` how long it took with all retries. Where
    there is an `excerpt`, the request lacks what the excerpt stands for.
    """

    index: int
    request: Request
    reply: Reply | None = None
    failure: Failure | None = None
    message: str = ""
    usage: Usage = field(default_factory=Usage)
    started_at: float = 0.0
    seconds: float = 0.0
    excerpt: Excerpt | None = None


class TranscriptWriter:
    """Appends to one transcript; used under the lock of its session.

    Opening a transcript again goes on after the last whole line.
    """

    def __init__(self, path: Path, most_bytes: int | None = None) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._previous = _NOTHING
        path.parent.mkdir(parents=True, exist_ok=True)
        _restore(path)
        self._file = path.open("ab")
        self._bytes = self._file.tell()

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another whole request."""
        return not self._has_room_for(MOST_CHARACTERS)

    def reserve(self, index: int, worst: Usage) -> None:
        """Note a call that is about to be made."""
        self._append(json.dumps({"index": index, "reserved": _usage_object(worst)}))

    def raise_reserved(self, index: int, worst: Usage) -> None:
        """Note that a call under way may come to more than was reserved."""
        self._append(json.dumps({"index": index, "raised": _usage_object(worst)}))

    def append(self, exchange: Exchange) -> None:
        """Write one finished exchange."""
        request = exchange.request
        rest = _rest(self._previous, request)
        text = self._line(exchange, rest)
        most = len(text) if exchange.reply else MOST_CHARACTERS
        if len(text) > most or not self._has_room_for(len(text)):
            text = self._line(exchange, _with_excerpt(rest))
        else:
            self._previous = request
        self._append(text)

    def close(self) -> None:
        """Compress the transcript; a crash in between leaves it readable."""
        self._file.close()
        packed = _packed(self._path)
        partial = packed.with_name(packed.name + ".partial")
        with self._path.open("rb") as plain, gzip.open(partial, "wb", compresslevel=3) as target:
            shutil.copyfileobj(plain, target)
        partial.replace(packed)
        self._path.unlink()

    def _line(self, exchange: Exchange, request: dict[str, Any]) -> str:
        error = {"kind": exchange.failure, "message": exchange.message}
        return _dumped(
            {
                "index": exchange.index,
                "started_at": exchange.started_at,
                "seconds": exchange.seconds,
                "request": request,
                "reply": reply_object(exchange.reply) if exchange.reply else None,
                "error": error if exchange.failure else None,
                "usage": _usage_object(exchange.usage),
            }
        )

    def _has_room_for(self, size: int) -> bool:
        return self._most_bytes is None or self._bytes + size <= self._most_bytes

    def _append(self, text: str) -> None:
        line = text.encode() + b"\n"
        self._bytes += len(line)
        self._file.write(line)
        self._file.flush()


def _dumped(line: dict[str, Any]) -> str:
    text = json.dumps(line)
    if may_hold_key(text):
        return json.dumps(redact_json(line))  # string by string: escapes hide word borders
    return text


def read_transcript(path: Path) -> Iterator[Exchange]:
    """Yield the finished exchanges in the order they finished; a torn last line is left out.

    Raises: FileNotFoundError if there is no transcript, ValueError if a whole line is damaged.
    """
    previous = _NOTHING
    for line in _lines(path):
        if "request" in line:
            exchange = _exchange(line, previous)
            if exchange.excerpt is None:
                previous = exchange.request
            yield exchange


def usage_of(path: Path) -> Usage:
    """Return what a session consumed, also one that was killed; nothing if there is no file.

    A call that was under way counts at its worst case.
    """
    spent, reserved = spent_and_reserved(path)
    return spent + reserved


def spent_and_reserved(path: Path) -> tuple[Usage, Usage]:
    """Return what a session's finished calls consumed, and what those under way may come to."""
    total = Usage()
    under_way: dict[int, Usage] = {}
    with suppress(FileNotFoundError):
        for line in _lines(path):
            index = line["index"]
            if "reserved" in line:
                total += under_way.get(index, Usage())  # the same index again: killed before
                under_way[index] = Usage(**line["reserved"])
            elif "raised" in line:
                under_way[index] = Usage(**line["raised"])
            else:
                total += Usage(**line["usage"])
                under_way.pop(index, None)
    return total, sum(under_way.values(), Usage())


def _usage_object(usage: Usage) -> dict[str, float]:
    """Only what there is: most calls use no cache."""
    always = ("calls", "input_tokens", "output_tokens", "cost_usd")
    found = ((name, getattr(usage, name)) for name in _COUNTS)
    return {name: value for name, value in found if value or name in always}


def _packed(path: Path) -> Path:
    return path.with_name(path.name + ".gz")


def _restore(path: Path) -> None:
    """Unpack a closed transcript, and cut a torn last line off an open one."""
    if path.exists():
        whole = path.read_bytes()
        if not whole.endswith(b"\n"):
            with path.open("r+b") as file:
                file.truncate(whole.rfind(b"\n") + 1)
    elif _packed(path).exists():
        partial = path.with_name(path.name + ".partial")
        with gzip.open(_packed(path), "rb") as packed, partial.open("wb") as target:
            shutil.copyfileobj(packed, target)
        partial.replace(path)


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return gzip.open(_packed(path), "rb")  # type: ignore[return-value]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with _open(path) as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


def _rest(previous: Request, request: Request) -> dict[str, Any]:
    """Return what of a request the one before does not say already."""
    kept = in_common(previous.messages, request.messages)
    is_continued = all(getattr(request, name) == getattr(previous, name) for name in _SETTINGS)
    same = {"same": True} if is_continued else {}
    return {**same, "kept": kept, **rest_of(request, kept, is_continued=is_continued)}


def _with_excerpt(rest: dict[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in rest.items() if name not in _AROUND}
    excerpt = excerpt_of(said, is_continued="same" in rest)
    around = {name: rest[name] for name in _AROUND if name in rest}
    return {**around, "excerpt": asdict(excerpt)}


def _exchange(line: dict[str, Any], previous: Request) -> Exchange:
    request, reply, error = line["request"], line["reply"], line["error"] or {}
    excerpt = request.get("excerpt")
    return Exchange(
        index=line["index"],
        request=_request(request, previous),
        reply=decode_reply(json.dumps(reply).encode()) if reply else None,
        failure=Failure(error["kind"]) if error else None,
        message=error.get("message", ""),
        usage=Usage(**line["usage"]),
        started_at=line["started_at"],
        seconds=line["seconds"],
        excerpt=Excerpt(**excerpt) if excerpt else None,
    )


def _request(rest: dict[str, Any], previous: Request) -> Request:
    kept = previous.messages[: rest.pop("kept")]
    if "excerpt" in rest:
        return replace(previous if "same" in rest else _NOTHING, messages=kept)
    known = request_object(previous) if rest.pop("same", False) else {}
    messages = [*map(message_object, kept), *rest["messages"]]
    return decode_request(json.dumps({**known, **rest, "messages": messages}).encode())
