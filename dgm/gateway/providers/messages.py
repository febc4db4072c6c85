"""`wire` records as the Messages API of Anthropic takes and streams them.

Cache breakpoints (four at most): the last tool, the system prompt, and the last two turns of the
user, so that each call reads what the one before has written. A single question without tools has
none: nothing would ever read it.

Translated: text that holds nothing is left out, as the API refuses it; arguments that were no JSON
object go back as `{"malformed_arguments": ...}`; the effort words of OpenAI that Anthropic lacks
(`none`, `minimal`) become no thinking and `low`; a schema of the answer always holds to the letter.
Refused: any-JSON output without a schema.

Source: Anthropic API reference, `POST /v1/messages`, "Streaming messages", "Prompt caching".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dgm.errors import RequestRefusedError
from dgm.gateway.codec import read_tool_use, whole_characters
from dgm.gateway.encoding import block_object, request_object
from dgm.gateway.tokens import estimate_input_tokens, estimate_tokens
from dgm.gateway.wire import (
    Block,
    JsonObject,
    Message,
    Reply,
    ReplyBlock,
    Request,
    StopReason,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)

_CACHED: dict[str, Any] = {"cache_control": {"type": "ephemeral"}}
_CACHED_TURNS = 2


def request_fields(request: Request) -> dict[str, Any]:
    """Return the parameters of a call. Raises: RequestRefusedError naming what cannot be said."""
    if request.output_schema is not None and not request.output_schema:
        raise RequestRefusedError(
            "response_format: this model takes a JSON schema, not any JSON object; send a schema"
        )
    fields = request_object(replace(_known_effort(request), is_output_strict=True))
    fields["messages"] = [turn for turn in map(_turn, request.messages) if turn["content"]]
    if not fields["messages"]:
        raise RequestRefusedError("messages: there is nothing in them")
    if request.system:
        fields["system"] = [{"type": "text", "text": request.system}]
    if request.tools or len(request.messages) > 1:
        _set_breakpoints(fields)
    return fields


def _known_effort(request: Request) -> Request:
    reasoning = request.reasoning
    if reasoning.effort == "none":
        return replace(request, reasoning=replace(reasoning, tokens=0, effort=""))
    if reasoning.effort == "minimal":
        return replace(request, reasoning=replace(reasoning, effort="low"))
    return request


def _turn(message: Message) -> dict[str, Any]:
    content = [_block(block) for block in message.content if block != Text("")]
    return {"role": message.role, "content": content}


def _block(block: Block) -> dict[str, Any]:
    match block:
        case ToolUse(id=id_, name=name, malformed=malformed) if malformed:
            return block_object(ToolUse(id_, name, {"malformed_arguments": malformed}))
        case ToolResult(text="", images=images) if images:
            whole = block_object(block)
            return {**whole, "content": whole["content"][1:]}
        case _:
            return block_object(block)


def _set_breakpoints(fields: dict[str, Any]) -> None:
    for part in ("tools", "system"):
        if fields.get(part):
            fields[part][-1] |= _CACHED
    turns = [turn for turn in fields["messages"] if turn["role"] == "user"]
    for turn in turns[-_CACHED_TURNS:]:
        turn["content"][-1] |= _CACHED


class MessageAssembler:
    """Puts a reply together from the events of a Messages stream."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._message: JsonObject = {}
        self._usage: dict[str, int] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        self._end: JsonObject = {}

    def add(self, event: JsonObject) -> None:
        """Take the next event; kinds nobody knows yet mean nothing."""
        match event["type"]:
            case "message_start":
                self._message = event["message"]
                self._count(self._message.get("usage"))
            case "content_block_start":
                self._blocks[event["index"]] = {"arguments": "", **event["content_block"]}
            case "content_block_delta":
                self._extend(self._blocks[event["index"]], event["delta"])
            case "message_delta":
                self._end = {**self._end, **event["delta"]}
                self._count(event.get("usage"))

    def _extend(self, block: dict[str, Any], delta: JsonObject) -> None:
        match delta["type"]:
            case "text_delta":
                block["text"] = block.get("text", "") + delta["text"]
            case "thinking_delta":
                block["thinking"] = block.get("thinking", "") + delta["thinking"]
            case "signature_delta":
                block["signature"] = (block.get("signature") or "") + delta["signature"]
            case "input_json_delta":
                block["arguments"] += delta["partial_json"]

    def _count(self, usage: object) -> None:
        """Note counts, which are totals so far; what is no count is left out."""
        for name, count in (usage if isinstance(usage, Mapping) else {}).items():
            if isinstance(count, int) and count >= 0:
                self._usage[name] = count

    def reply(self) -> Reply:
        """Return the whole reply. Raises: ValueError if there is none."""
        if self._end.get("stop_reason") is None:
            raise ValueError("the stream ended early")
        stop = StopReason(self._end["stop_reason"])
        content = tuple(map(self._reply_block, sorted(self._blocks)))
        if not content and stop is StopReason.END_TURN:
            raise ValueError("the message is empty")
        return self._with_counts(content, stop)

    def counted(self) -> Reply | None:
        """Return what tokens were counted so far."""
        if not self._message:
            return None
        return self._with_counts((), StopReason.END_TURN)

    def _with_counts(self, content: tuple[ReplyBlock, ...], stop: StopReason) -> Reply:
        usage = self._usage
        said = estimate_tokens(json.dumps(list(self._blocks.values())))
        is_counted = {"input_tokens", "output_tokens"} <= usage.keys()
        is_whole = self._end.get("stop_reason") is not None
        output = usage.get("output_tokens", said)
        stopped_by = self._end.get("stop_sequence")
        return Reply(
            content=content,
            stop_reason=stop,
            input_tokens=usage.get("input_tokens", estimate_input_tokens(self._request)),
            output_tokens=output if is_whole else max(output, said),
            model=whole_characters(str(self._message.get("model") or self._request.model)),
            id=self._id,
            cache_read_tokens=usage.get("cache_read_input_tokens", 0),
            cache_write_tokens=usage.get("cache_creation_input_tokens", 0),
            stop_sequence=whole_characters(stopped_by) if isinstance(stopped_by, str) else None,
            is_estimated=not (is_counted and is_whole),
        )

    @property
    def _id(self) -> str:
        return whole_characters(str(self._message.get("id") or ""))

    def _reply_block(self, index: int) -> ReplyBlock:
        block = self._blocks[index]
        match block["type"]:
            case "text":
                return Text(whole_characters(block["text"]))
            case "thinking":
                signature = whole_characters(block.get("signature") or "")
                return Thinking(whole_characters(block["thinking"]), signature)
            case "redacted_thinking":
                return Thinking("", redacted=whole_characters(block["data"]))
            case "tool_use":
                id_ = str(block.get("id") or f"toolu_{self._id[-24:]}_{index}")
                arguments = block["arguments"] or json.dumps(block.get("input") or {})
                return read_tool_use(id_, block["name"], arguments)
            case kind:
                raise ValueError(f"content of the kind {kind!r} was not asked for")
