"""The Responses dialect, streamed or not: what OpenAI's newer programs speak.

Nothing is stored: a request holds its whole conversation. Reasoning travels as items of its own,
with its signature as `encrypted_content`, and comes back unchanged from whoever sends it back.

Source: OpenAI API reference, "Create a model response" and "Streaming events" of Responses.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from dgm.gateway.codec import MAX_NAME, Incoming, read_tool_use
from dgm.gateway.dialects import Refused
from dgm.gateway.dialects.openai import (
    DEFAULT_MAX_TOKENS,
    OpenAIDialect,
    Speaker,
    add_turn,
    allow_only,
    function,
    picture,
    refuse_other_tools,
    tool_choice,
)
from dgm.gateway.fields import Field
from dgm.gateway.wire import (
    Block,
    Image,
    JsonObject,
    Message,
    Reasoning,
    Reply,
    ReplyBlock,
    Request,
    StopReason,
    Text,
    Thinking,
    ToolResult,
    ToolSpec,
    ToolUse,
)

_KNOWN = frozenset({"model", "input", "instructions", "tools", "tool_choice", "stream", "text"})
_KNOWN |= {"parallel_tool_calls", "max_output_tokens", "temperature", "top_p", "reasoning"}
_KNOWN |= {"include", "truncation"}
_HARMLESS = frozenset({"user", "metadata", "service_tier", "safety_identifier", "stream_options"})
_HARMLESS |= {"prompt_cache_key", "prompt_cache_retention"}
_ALLOWED: dict[str, list[object]] = {
    "truncation": ["disabled"],
    "include": [[], ["reasoning.encrypted_content"]],
}
_REDACTED = "redacted:"
_CUT = {
    StopReason.MAX_TOKENS: "max_output_tokens",
    StopReason.CONTEXT_FULL: "max_output_tokens",
    StopReason.REFUSAL: "content_filter",
}


class Responses(OpenAIDialect):
    """`Dialect` of OpenAI's Responses API."""

    path = "/v1/responses"
    conversation = "input"

    def encode(self, reply: Reply) -> bytes:
        """Encode a reply as one JSON body."""
        return json.dumps(_response(reply)).encode()

    def events(self, reply: Reply, incoming: Incoming) -> Iterator[bytes]:
        """Encode a reply as a whole stream."""
        del incoming
        number = iter(range(1 << 31))

        def event(kind: str, **fields: Any) -> bytes:  # noqa: ANN401 - JSON
            data = {"type": kind, "sequence_number": next(number), **fields}
            return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()

        whole = _response(reply)
        begun = {**whole, "status": "in_progress", "output": [], "usage": None}
        begun |= {"incomplete_details": None}
        yield event("response.created", response=begun)
        yield event("response.in_progress", response=begun)
        for index, item in enumerate(whole["output"]):
            yield from _item_events(event, index, item)
        yield event(f"response.{whole['status']}", response=whole)

    def break_off(self, refused: Refused) -> bytes:
        """Say no in a stream that has begun already."""
        error = json.loads(refused.body)["error"]
        data = {**error, "type": "error", "sequence_number": 0, "error": error}
        return f"event: error\ndata: {json.dumps(data)}\n\n".encode()

    def _incoming(self, root: Field) -> Incoming:
        stream = root.get("stream")
        return Incoming(_request(root), not stream.is_absent and stream.boolean())


def _request(root: Field) -> Request:
    allow_only(root, _KNOWN | _HARMLESS)
    for name, allowed in _ALLOWED.items():
        if not (field := root.get(name)).is_absent and field.value not in allowed:
            raise ValueError(f"{name}: not supported by this gateway: {field.value!r:.60}")
    system, messages = _conversation(root["input"])
    if not messages or messages[0].role != "user":
        raise ValueError("input: the first message after the system's must be the user's")
    instructions = root.get("instructions").text_or("")
    most, form = root.get("max_output_tokens"), _format(root.get("text"))
    return Request(
        model=root["model"].text(most=MAX_NAME),
        max_tokens=DEFAULT_MAX_TOKENS if most.is_absent else most.integer(least=1),
        messages=messages,
        system="\n\n".join(filter(None, (instructions, *system))),
        tools=root.get("tools").each(_tool),
        temperature=root.get("temperature").number_or_none(0.0, 2.0),
        tool_choice=tool_choice(root.get("tool_choice"), root.get("parallel_tool_calls")),
        top_p=root.get("top_p").number_or_none(0.0, 1.0),
        reasoning=_reasoning(root.get("reasoning")),
        output_schema=form[0],
        is_output_strict=form[1],
    )


def _reasoning(field: Field) -> Reasoning:
    if field.is_absent:
        return Reasoning()
    field.allow_only("effort", "summary", "generate_summary")
    return Reasoning(effort=field.get("effort").text_or("", most=MAX_NAME))


def _format(text: Field) -> tuple[JsonObject | None, bool]:
    """Read the form of the answer: its schema, and whether it holds to the letter."""
    if text.is_absent:
        return None, True
    text.allow_only("format")
    form = text.get("format")
    if form.is_absent or form["type"].one_of("text", "json_object", "json_schema") == "text":
        return None, True
    if form["type"].value == "json_object":
        return {}, True
    form.allow_only("type", "name", "description", "schema", "strict")
    purpose = form.get("description").text_or("")
    described = {"description": purpose} if purpose else {}
    return {**described, **form["schema"].mapping()}, form.get("strict").value is True


def _tool(field: Field) -> ToolSpec:
    refuse_other_tools(field)
    field.allow_only("type", "name", "description", "parameters", "strict")
    return function(field)


def _conversation(field: Field) -> tuple[list[str], tuple[Message, ...]]:
    if isinstance(field.value, str):
        return [], (Message("user", (Text(field.value),)),)
    system: list[str] = []
    messages: list[Message] = []
    for said in field.each(_item):
        if isinstance(said, Message):
            add_turn(messages, said)
        else:
            system += said
    return system, tuple(messages)


def _item(item: Field) -> Message | list[str]:
    """Read one item; the system's words are a list of texts."""
    kind = item.get("type").text_or("message")
    if kind == "message" and item["role"].value in ("system", "developer"):
        return [part.text for part in _parts(item["content"]) if isinstance(part, Text)]
    return Message(*_turn(item, kind))


def _turn(item: Field, kind: str) -> tuple[Speaker, tuple[Block, ...]]:
    match kind:
        case "message":
            role = item["role"].one_of("user", "assistant")
            return role, tuple(_parts(item["content"]))  # type: ignore[return-value]
        case "function_call":
            said = (item[name].text() for name in ("call_id", "name", "arguments"))
            return "assistant", (read_tool_use(*said),)
        case "function_call_output":
            parts = tuple(_parts(item["output"]))
            text = "\n".join(part.text for part in parts if isinstance(part, Text))
            images = tuple(part for part in parts if isinstance(part, Image))
            return "user", (ToolResult(item["call_id"].text(), text, images=images),)
        case "reasoning":
            return "assistant", (_thinking(item),)
        case _:
            raise ValueError(f"{item.path}.type: {kind!r} items are not supported here")


def _thinking(item: Field) -> Thinking:
    sealed = item.get("encrypted_content").text_or("")
    if sealed.startswith(_REDACTED):
        return Thinking("", redacted=sealed.removeprefix(_REDACTED))
    return Thinking("".join(part["text"].text() for part in item.get("content").items()), sealed)


def _parts(content: Field) -> Iterator[Text | Image]:
    if isinstance(content.value, str):
        yield Text(content.value)
        return
    for part in content.items():
        match part["type"].text():
            case "input_text" | "output_text":
                yield Text(part["text"].text())
            case "refusal":
                yield Text(part["refusal"].text())
            case "input_image":
                yield picture(part["image_url"])
            case kind:
                raise ValueError(f"{part.path}.type: {kind!r} content is not supported here")


def _response(reply: Reply) -> dict[str, Any]:
    reason = _CUT.get(reply.stop_reason)
    total = reply.input_tokens + reply.cache_read_tokens + reply.cache_write_tokens
    status = "incomplete" if reason else "completed"
    return {
        "id": reply.id,
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": None,
        "model": reply.model,
        "output": [_output(reply, n, block) for n, block in enumerate(reply.content)],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": total,
            "input_tokens_details": {
                "cached_tokens": reply.cache_read_tokens,
                "cache_write_tokens": reply.cache_write_tokens,
            },
            "output_tokens": reply.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": total + reply.output_tokens,
        },
    }


def _output(reply: Reply, number: int, block: ReplyBlock) -> dict[str, Any]:
    id_ = f"{reply.id}_{number}"
    match block:
        case Text(text):
            part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
            head = {"id": f"m_{id_}", "type": "message", "role": "assistant"}
            return {**head, "status": "completed", "content": [part]}
        case Thinking(text, signature, redacted):
            thoughts = [{"type": "reasoning_text", "text": text}] if text else []
            sealed = f"{_REDACTED}{redacted}" if redacted else signature or None
            head = {"id": f"rs_{id_}", "type": "reasoning"}
            return {**head, "summary": [], "content": thoughts, "encrypted_content": sealed}
        case ToolUse(id=call_id, name=name, input=given, malformed=malformed):
            head = {"id": f"fc_{id_}", "type": "function_call", "status": "completed"}
            arguments = malformed or json.dumps(given)
            return {**head, "call_id": call_id, "name": name, "arguments": arguments}


def _item_events(event: Callable[..., bytes], index: int, item: dict[str, Any]) -> Iterator[bytes]:
    place = {"item_id": item["id"], "output_index": index}
    match item["type"]:
        case "message":
            (part,) = item["content"]
            text, empty = part["text"], {**part, "text": ""}
            inner = {**place, "content_index": 0}
            begun = {**item, "status": "in_progress", "content": []}
            yield event("response.output_item.added", output_index=index, item=begun)
            yield event("response.content_part.added", part=empty, **inner)
            yield event("response.output_text.delta", delta=text, logprobs=[], **inner)
            yield event("response.output_text.done", text=text, logprobs=[], **inner)
            yield event("response.content_part.done", part=part, **inner)
        case "function_call":
            begun = {**item, "status": "in_progress", "arguments": ""}
            said, kind = item["arguments"], "response.function_call_arguments"
            yield event("response.output_item.added", output_index=index, item=begun)
            yield event(f"{kind}.delta", delta=said, **place)
            yield event(f"{kind}.done", arguments=said, name=item["name"], **place)
        case _:
            yield event("response.output_item.added", output_index=index, item=item)
    yield event("response.output_item.done", output_index=index, item=item)
