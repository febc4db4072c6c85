"""The Messages dialect over HTTP, streamed or not.

Source: Anthropic API reference, `POST /v1/messages`, "Streaming messages" and "Errors".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from dgm.gateway.codec import Incoming, decode_incoming
from dgm.gateway.dialects import Refusal, Refused
from dgm.gateway.encoding import block_object, encode_error, reply_object
from dgm.gateway.history import History
from dgm.gateway.wire import Reply, ReplyBlock, Text, Thinking, ToolUse

_REFUSALS = {
    Refusal.INVALID: (400, "invalid_request_error"),
    Refusal.CONTEXT_OVERFLOW: (400, "invalid_request_error"),
    Refusal.NOT_FOUND: (404, "not_found_error"),
    Refusal.TOO_LARGE: (413, "request_too_large"),
    Refusal.TOO_SLOW: (408, "timeout_error"),
    Refusal.OVER_BUDGET: (429, "budget_exceeded_error"),
    Refusal.UNUSABLE: (403, "permission_error"),
    Refusal.PROVIDER: (529, "overloaded_error"),
    Refusal.GATEWAY: (500, "api_error"),
}


class Messages:
    """`Dialect` of the Anthropic SDKs."""

    path = "/v1/messages"
    heartbeat = b'event: ping\ndata: {"type": "ping"}\n\n'

    def decode(self, body: bytes, history: History | None = None) -> Incoming:
        """Decode a request."""
        return decode_incoming(body, history)

    def encode(self, reply: Reply) -> bytes:
        """Encode a reply as one JSON body."""
        return json.dumps(reply_object(reply)).encode()

    def events(self, reply: Reply, incoming: Incoming) -> Iterator[bytes]:
        """Encode a reply as a whole stream."""
        del incoming
        whole = reply_object(reply)
        used = {**whole["usage"], "output_tokens": 0}
        begun = {**whole, "content": [], "stop_reason": None, "stop_sequence": None, "usage": used}
        yield _event("message_start", message=begun)
        for index, block in enumerate(reply.content):
            yield _event("content_block_start", index=index, content_block=_empty(block))
            for delta in _deltas(block):
                yield _event("content_block_delta", index=index, delta=delta)
            yield _event("content_block_stop", index=index)
        end = {name: whole[name] for name in ("stop_reason", "stop_sequence")}
        yield _event("message_delta", delta=end, usage=whole["usage"])
        yield _event("message_stop")

    def refuse(self, why: Refusal, message: str) -> Refused:
        """Say no."""
        status, kind = _REFUSALS[why]
        if why is Refusal.CONTEXT_OVERFLOW:
            message = f"prompt is too long: {message}"
        return Refused(status, encode_error(kind, message))

    def break_off(self, refused: Refused) -> bytes:
        """Say no in a stream that has begun already."""
        return b"event: error\ndata: " + refused.body + b"\n\n"


def _event(kind: str, **fields: Any) -> bytes:  # noqa: ANN401 - JSON
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def _empty(block: ReplyBlock) -> dict[str, Any]:
    match block:
        case Text():
            return {"type": "text", "text": ""}
        case Thinking(redacted="", signature=_):
            return {"type": "thinking", "thinking": "", "signature": ""}
        case ToolUse():
            return {**block_object(block), "input": {}}
        case _:
            return block_object(block)


def _deltas(block: ReplyBlock) -> Iterator[dict[str, str]]:
    match block:
        case Text(text):
            yield {"type": "text_delta", "text": text}
        case Thinking(text, signature, redacted="") if text or signature:
            yield {"type": "thinking_delta", "thinking": text}
            yield {"type": "signature_delta", "signature": signature}
        case ToolUse(input=arguments):
            yield {"type": "input_json_delta", "partial_json": json.dumps(arguments)}
