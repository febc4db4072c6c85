"""A model's provider on loopback that speaks the real wire formats of both vendors.

It answers what it is told to (`Say`), or fails as it is told to (`Refuse`, `Break`), and keeps
books of its own on what it would bill. The shapes are those of the vendors' references and SDK
types: Anthropic Messages (also as Vertex AI and Amazon Bedrock serve it) and OpenAI Chat
Completions, streamed or not.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from anthropic.types.message_create_params import MessageCreateParamsStreaming
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

from tests.upstream import eventstream

_MESSAGES_FIELDS = {*MessageCreateParamsStreaming.__annotations__, "anthropic_version"}
_MESSAGES_FIELDS |= {"temperature", "top_p", "top_k"}  # still taken, no longer in the SDK's types
_CHAT_FIELDS = set(CompletionCreateParamsStreaming.__annotations__)


@dataclass(frozen=True)
class Say:
    """A good answer. `tools` are (id, name, arguments as written); counts are what is billed."""

    text: str = "hello"
    tools: tuple[tuple[str, str, str], ...] = ()
    thinking: str = ""
    signature: str = ""
    redacted: str = ""
    stop: str | None = None
    stop_sequence: str | None = None
    input_tokens: int = 10
    output_tokens: int = 5
    cached: int = 0
    written: int = 0
    usage: bool = True


@dataclass(frozen=True)
class Refuse:
    """An HTTP error with a body of its own; text is sent as HTML."""

    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Break:
    """A good answer that breaks off after `after` events.

    `how`: `reset` the connection, `end` it politely, fall `silent`, write `garbage`, or say an
    `error` in the stream.
    """

    how: str
    after: int = 3
    say: Say = field(default_factory=Say)
    error: Any = None


Step = Say | Refuse | Break


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


def messages_error(kind: str, message: str) -> dict[str, Any]:
    """An error as Anthropic writes it."""
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def chat_error(message: str, kind: str = "invalid_request_error", code: Any = None) -> dict:
    """An error as OpenAI writes it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


class UpstreamServer:
    """The provider; a context manager. Steps come from `plan` in order, then `otherwise`.

    `billed` sums (input, output) over every answer that was begun, whole or not.
    """

    def __init__(self, otherwise: Callable[[Seen], Step] = lambda _: Say()) -> None:
        self.plan: deque[Step] = deque()
        self.seen: list[Seen] = []
        self.billed = [0, 0]
        self.answers = 0
        self.most_at_once = 0
        self._at_once = 0
        self._otherwise = otherwise
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> UpstreamServer:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._start())
        return self

    def __exit__(self, *exc: object) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _start(self) -> None:
        self._over = asyncio.Event()
        app = web.Application(client_max_size=1 << 28)
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._over.set()
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        seen = Seen(request.path, dict(request.headers), body)
        with self._lock:
            self.seen.append(seen)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            step = self.plan.popleft() if self.plan else self._otherwise(seen)
        try:
            return await self._play(request, seen, step)
        finally:
            self._at_once -= 1

    async def _play(self, request: web.Request, seen: Seen, step: Step) -> web.StreamResponse:
        wire = wire_of(seen.path)
        if wrong := set(seen.body) - wire.fields:
            step = Refuse(400, messages_error("invalid_request_error", f"{wrong}: not permitted"))
        elif count_breakpoints(seen.body) > 4:
            step = Refuse(400, messages_error("invalid_request_error", "A maximum of 4 blocks"))
        if isinstance(step, Refuse):
            return _refusal(step)
        say = step.say if isinstance(step, Break) else step
        if not seen.body.get("stream") and not seen.path.endswith("-stream"):
            self._bill(say, whole=True)
            return web.json_response(wire.body(say, seen.body))
        return await self._stream(request, list(wire.events(say, seen.body)), step, wire)

    def _bill(self, say: Say, *, whole: bool) -> None:
        with self._lock:
            self.billed[0] += say.input_tokens + say.cached + say.written
            self.billed[1] += say.output_tokens if whole else 0
            self.answers += whole

    async def _stream(
        self, request: web.Request, events: list[bytes], step: Say | Break, wire: Wire
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": wire.content_type})
        await response.prepare(request)
        if isinstance(step, Say):
            self._bill(step, whole=True)
            await response.write(b"".join(events))
            return response
        self._bill(step.say, whole=False)
        await response.write(b"".join(events[: step.after]))
        await self._break(request, response, step, wire)
        return response

    async def _break(
        self, request: web.Request, response: web.StreamResponse, step: Break, wire: Wire
    ) -> None:
        match step.how:
            case "reset":
                await asyncio.sleep(0.01)  # what was written is read before the reset overtakes it
                raw = request.transport.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                request.transport.abort()
            case "silent":
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), 60)
            case "garbage":
                await response.write(wire.garbage)
            case "error":
                await response.write(wire.error(step.error))


def _refusal(step: Refuse) -> web.Response:
    headers = dict(step.headers)
    if isinstance(step.body, str):
        return web.Response(
            status=step.status, text=step.body, content_type="text/html", headers=headers
        )
    return web.json_response(step.body, status=step.status, headers=headers)


def count_breakpoints(value: Any) -> int:
    """Count the cache breakpoints of a request."""
    if isinstance(value, dict):
        return ("cache_control" in value) + sum(map(count_breakpoints, value.values()))
    return sum(map(count_breakpoints, value)) if isinstance(value, list) else 0


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), 7):
        yield text[start : start + 7]


def _messages_stop(say: Say) -> str:
    return say.stop or ("tool_use" if say.tools else "end_turn")


def messages_body(say: Say, asked: dict[str, Any]) -> dict[str, Any]:
    """A whole Message."""
    content: list[dict[str, Any]] = []
    if say.thinking:
        content.append({"type": "thinking", "thinking": say.thinking, "signature": say.signature})
    if say.redacted:
        content.append({"type": "redacted_thinking", "data": say.redacted})
    if say.text:
        content.append({"type": "text", "text": say.text})
    content += [
        {"type": "tool_use", "id": id_, "name": name, "input": json.loads(arguments)}
        for id_, name, arguments in say.tools
    ]
    return {
        **_messages_head(say, asked),
        "content": content,
        "stop_reason": _messages_stop(say),
        "stop_sequence": say.stop_sequence,
        "usage": {**_messages_usage(say), "output_tokens": say.output_tokens},
    }


def _messages_head(say: Say, asked: dict[str, Any]) -> dict[str, Any]:
    model = asked.get("model", "claude-on-vertex")
    return {"id": "msg_up", "type": "message", "role": "assistant", "model": model}


def _messages_usage(say: Say) -> dict[str, Any]:
    if not say.usage:
        return {}
    return {
        "input_tokens": say.input_tokens,
        "cache_creation_input_tokens": say.written,
        "cache_read_input_tokens": say.cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": say.written, "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": 1,
        "service_tier": "standard",
    }  # fmt: skip


def _sse(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def messages_events(say: Say, asked: dict[str, Any]) -> Iterator[bytes]:
    """The events of a Messages stream."""
    start = {**_messages_head(say, asked), "content": [], "stop_reason": None}
    start |= {"stop_sequence": None, "usage": _messages_usage(say)}
    yield _sse("message_start", message=start)
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    if say.thinking or say.signature:
        deltas = [{"type": "thinking_delta", "thinking": part} for part in _pieces(say.thinking)]
        deltas.append({"type": "signature_delta", "signature": say.signature})
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, deltas))
    if say.redacted:
        blocks.append(({"type": "redacted_thinking", "data": say.redacted}, []))
    if say.text:
        deltas = [{"type": "text_delta", "text": part} for part in _pieces(say.text)]
        blocks.append(({"type": "text", "text": ""}, deltas))
    for id_, name, arguments in say.tools:
        deltas = [{"type": "input_json_delta", "partial_json": ""}]
        deltas += [{"type": "input_json_delta", "partial_json": p} for p in _pieces(arguments)]
        blocks.append(({"type": "tool_use", "id": id_, "name": name, "input": {}}, deltas))
    for index, (block, deltas) in enumerate(blocks):
        yield _sse("content_block_start", index=index, content_block=block)
        yield _sse("ping")
        for delta in deltas:
            yield _sse("content_block_delta", index=index, delta=delta)
        yield _sse("content_block_stop", index=index)
    delta = {"stop_reason": _messages_stop(say), "stop_sequence": say.stop_sequence}
    usage = {"output_tokens": say.output_tokens} if say.usage else {}
    yield _sse("message_delta", delta=delta, usage=usage)
    yield _sse("message_stop")


def _chat_stop(say: Say) -> str:
    return say.stop or ("tool_calls" if say.tools else "stop")


def _chat_usage(say: Say) -> dict[str, Any]:
    prompt = say.input_tokens + say.cached
    return {
        "prompt_tokens": prompt,
        "completion_tokens": say.output_tokens,
        "total_tokens": prompt + say.output_tokens,
        "prompt_tokens_details": {"cached_tokens": say.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def _chat_calls(say: Say) -> list[dict[str, Any]]:
    return [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
        for id_, name, arguments in say.tools
    ]


def chat_body(say: Say, asked: dict[str, Any]) -> dict[str, Any]:
    """A whole chat completion."""
    message: dict[str, Any] = {"role": "assistant", "content": say.text or None, "refusal": None}
    if say.tools:
        message["tool_calls"] = _chat_calls(say)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _chat_stop(say)}
    return {
        "id": "chatcmpl-up", "object": "chat.completion", "created": 1, "model": asked["model"],
        "choices": [choice], "usage": _chat_usage(say),
    }  # fmt: skip


def chat_events(say: Say, asked: dict[str, Any]) -> Iterator[bytes]:
    """The chunks of a chat stream."""
    head = {"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1}
    head |= {"model": asked["model"], "system_fingerprint": "fp_1"}
    counts = (asked.get("stream_options") or {}).get("include_usage") and say.usage

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        whole = {**head, "choices": [choice], **({"usage": None} if counts else {})}
        return f"data: {json.dumps(whole)}\n\n".encode()

    yield chunk({"role": "assistant", "content": "" if say.text else None, "refusal": None})
    for part in _pieces(say.thinking):
        yield chunk({"reasoning_content": part})
    for part in _pieces(say.text):
        yield chunk({"content": part})
    for index, call in enumerate(_chat_calls(say)):
        function = call["function"]
        begun = {**call, "function": {"name": function["name"], "arguments": ""}}
        yield chunk({"tool_calls": [{"index": index, **begun}]})
        for part in _pieces(function["arguments"]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    yield chunk({}, _chat_stop(say))
    if counts:
        last = {**head, "choices": [], "usage": _chat_usage(say)}
        yield f"data: {json.dumps(last)}\n\n".encode()
    yield b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Wire:
    """How one API says things; `error` is one in a stream that has begun."""

    fields: set[str]
    body: Callable[[Say, dict[str, Any]], dict[str, Any]]
    events: Callable[[Say, dict[str, Any]], Iterator[bytes]]
    garbage: bytes
    error: Callable[[Any], bytes]
    content_type: str = "text/event-stream; charset=utf-8"


def bedrock_events(say: Say, asked: dict[str, Any]) -> Iterator[bytes]:
    """The frames of a stream of Amazon Bedrock's."""
    for each in messages_events(say, asked):
        data = json.loads(each.partition(b"data: ")[2])
        if data["type"] == "message_stop":
            data["amazon-bedrock-invocationMetrics"] = {"inputTokenCount": say.input_tokens}
        if data["type"] != "ping":
            yield eventstream.event(json.dumps(data).encode())


def _as_data(error: Any) -> bytes:
    return b"data: " + json.dumps(error).encode() + b"\n\n"


_GARBAGE = b'data: {"type": "content_block_de\n\n'
CHAT = Wire(_CHAT_FIELDS, chat_body, chat_events, _GARBAGE, _as_data)
MESSAGES = Wire(
    _MESSAGES_FIELDS,
    messages_body,
    messages_events,
    b"event: content_block_delta\n" + _GARBAGE,
    lambda error: b"event: error\n" + _as_data(error),
)
BEDROCK = Wire(
    _MESSAGES_FIELDS - {"model", "stream"},
    messages_body,
    bedrock_events,
    eventstream.damaged(eventstream.event(b'{"type": "ping"}')),
    lambda error: eventstream.exception(*error),
    "application/vnd.amazon.eventstream",
)


def wire_of(path: str) -> Wire:
    """Tell the API from the path of a request."""
    if path.endswith("/chat/completions"):
        return CHAT
    return BEDROCK if path.startswith("/model/") else MESSAGES
