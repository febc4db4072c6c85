"""The Chat Completions dialect, streamed or not: what OpenAI's SDKs and most programs speak.

Every field is on an allow-list, as in `codec`. Reasoning that a provider signs cannot be carried in
this dialect: it is left out of answers.

Source: OpenAI API reference, "Create chat completion", "The chat completion chunk object" and
"Error codes".
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from dgm.gateway.codec import MAX_NAME, Incoming, read_tool_use
from dgm.gateway.dialects import Refused
from dgm.gateway.dialects.openai import (
    DEFAULT_MAX_TOKENS,
    OpenAIDialect,
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
    Message,
    Reasoning,
    Reply,
    Request,
    StopReason,
    Text,
    ToolResult,
    ToolSpec,
    ToolUse,
)

_KNOWN = frozenset({"model", "messages", "tools", "tool_choice", "parallel_tool_calls", "stream"})
_KNOWN |= {"stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p", "stop"}
_KNOWN |= {"reasoning_effort", "response_format", "n"}
_HARMLESS = frozenset({"user", "metadata", "store", "service_tier", "safety_identifier"})
_HARMLESS |= {"prompt_cache_key", "prompt_cache_retention"}
_FINISH = {
    StopReason.END_TURN: "stop",
    StopReason.STOP_SEQUENCE: "stop",
    StopReason.MAX_TOKENS: "length",
    StopReason.CONTEXT_FULL: "length",
    StopReason.TOOL_USE: "tool_calls",
    StopReason.REFUSAL: "content_filter",
}


class Chat(OpenAIDialect):
    """`Dialect` of OpenAI's SDKs."""

    path = "/v1/chat/completions"
    conversation = "messages"

    def encode(self, reply: Reply) -> bytes:
        """Encode a reply as one JSON body."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", **_message_object(reply), "refusal": None},
            "logprobs": None,
            "finish_reason": _FINISH[reply.stop_reason],
        }
        whole = {**_head(reply, "chat.completion"), "choices": [choice], "usage": _usage(reply)}
        return json.dumps(whole).encode()

    def events(self, reply: Reply, incoming: Incoming) -> Iterator[bytes]:
        """Encode a reply as a whole stream."""
        head = _head(reply, "chat.completion.chunk")
        usage = {"usage": None} if incoming.reports_usage else {}

        def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            return _event({**head, "choices": [choice], **usage})

        said = _message_object(reply)
        yield chunk({"role": "assistant", "content": said["content"]})
        for index, call in enumerate(said.get("tool_calls", ())):
            yield chunk({"tool_calls": [{"index": index, **call}]})
        yield chunk({}, _FINISH[reply.stop_reason])
        if incoming.reports_usage:
            yield _event({**head, "choices": [], "usage": _usage(reply)})
        yield b"data: [DONE]\n\n"

    def break_off(self, refused: Refused) -> bytes:
        """Say no in a stream that has begun already."""
        return b"data: " + refused.body + b"\n\ndata: [DONE]\n\n"

    def _incoming(self, root: Field) -> Incoming:
        allow_only(root, _KNOWN | _HARMLESS)
        if not (count := root.get("n")).is_absent and count.value != 1:
            raise ValueError(f"n: one answer a call, not {count.value!r:.20}")
        options, stream = root.get("stream_options"), root.get("stream")
        return Incoming(
            request=_request(root),
            streams=not stream.is_absent and stream.boolean(),
            reports_usage=not options.is_absent and options.get("include_usage").value is True,
        )


def _request(root: Field) -> Request:
    system, messages = _conversation(root["messages"])
    if not messages or messages[0].role != "user":
        raise ValueError("messages: the first message after the system's must be the user's")
    stop = root.get("stop")
    return Request(
        model=root["model"].text(most=MAX_NAME),
        max_tokens=_max_tokens(root),
        messages=messages,
        system=system,
        tools=root.get("tools").each(_tool),
        temperature=root.get("temperature").number_or_none(0.0, 2.0),
        stop_sequences=(stop.value,)
        if isinstance(stop.value, str)
        else tuple(item.text() for item in stop.items()),
        tool_choice=tool_choice(
            root.get("tool_choice"), root.get("parallel_tool_calls"), inside="function"
        ),
        top_p=root.get("top_p").number_or_none(0.0, 1.0),
        reasoning=Reasoning(effort=root.get("reasoning_effort").text_or("", most=MAX_NAME)),
        output_schema=_output_schema(root.get("response_format")),
        is_output_strict=_is_output_strict(root.get("response_format")),
    )


def _max_tokens(root: Field) -> int:
    for name in ("max_completion_tokens", "max_tokens"):
        if not (most := root.get(name)).is_absent:
            return most.integer(least=1)
    return DEFAULT_MAX_TOKENS


def _output_schema(wanted: Field) -> dict[str, Any] | None:
    if wanted.is_absent or wanted["type"].value == "text":
        return None
    if wanted["type"].one_of("json_schema", "json_object") == "json_object":
        return {}
    described = wanted["json_schema"]
    described.allow_only("name", "description", "schema", "strict")
    purpose = described.get("description").text_or("")
    return {**({"description": purpose} if purpose else {}), **described["schema"].mapping()}


def _is_output_strict(wanted: Field) -> bool:
    if wanted.is_absent or wanted["type"].value != "json_schema":
        return True
    return wanted["json_schema"].get("strict").value is True


def _tool(field: Field) -> ToolSpec:
    refuse_other_tools(field)
    field.allow_only("type", "function")
    field["function"].allow_only("name", "description", "parameters", "strict")
    return function(field["function"])


def _conversation(field: Field) -> tuple[str, tuple[Message, ...]]:
    """Split the system's words off, and join what belongs to one turn."""
    system: list[str] = []
    messages: list[Message] = []
    for said in field.each(_said):
        if isinstance(said, str):
            system.append(said)
        else:
            add_turn(messages, said)
    return "\n\n".join(system), tuple(messages)


def _said(item: Field) -> str | Message:
    """Read one message; the system's words are text alone."""
    role = item["role"].one_of("system", "developer", "user", "assistant", "tool")
    if role in ("system", "developer"):
        return _only_text(item["content"])
    return Message("assistant" if role == "assistant" else "user", _blocks(item, role))


def _blocks(item: Field, role: str) -> tuple[Block, ...]:
    if role == "user":
        item.allow_only("role", "content", "name")
        return tuple(_parts(item["content"]))
    if role == "tool":
        item.allow_only("role", "content", "tool_call_id", "name")
        parts = tuple(_parts(item["content"]))
        text = "\n".join(part.text for part in parts if isinstance(part, Text))
        images = tuple(part for part in parts if isinstance(part, Image))
        return (ToolResult(item["tool_call_id"].text(), text, images=images),)
    return _assistant_blocks(item)


def _assistant_blocks(item: Field) -> tuple[Block, ...]:
    for name in ("audio", "function_call"):
        if not item.get(name).is_absent:
            raise ValueError(f"{item.path}.{name}: not supported by this gateway")
    content, refusal = item.get("content"), item.get("refusal").text_or("")
    said = () if content.is_absent else tuple(_parts(content))
    calls = tuple(_call(call) for call in item.get("tool_calls").items())
    blocks = tuple(part for part in said if part != Text(""))
    return (*blocks, *((Text(refusal),) if refusal else ()), *calls) or (Text(""),)


def _parts(content: Field) -> Iterator[Text | Image]:
    if isinstance(content.value, str):
        yield Text(content.value)
        return
    for part in content.items():
        match part["type"].text():
            case "text" | "refusal" as kind:
                yield Text(part[kind].text())
            case "image_url":
                yield picture(part["image_url"]["url"])
            case kind:
                raise ValueError(f"{part.path}.type: {kind!r} content is not supported here")


def _call(field: Field) -> ToolUse:
    field.allow_only("id", "type", "function", "index")
    function = field["function"]
    return read_tool_use(field["id"].text(), function["name"].text(), function["arguments"].text())


def _only_text(content: Field) -> str:
    return "\n".join(part.text for part in _parts(content) if isinstance(part, Text))


def _head(reply: Reply, kind: str) -> dict[str, Any]:
    return {"id": reply.id, "object": kind, "created": int(time.time()), "model": reply.model}


def _message_object(reply: Reply) -> dict[str, Any]:
    texts = [block.text for block in reply.content if isinstance(block, Text)]
    calls = [
        {
            "id": use.id,
            "type": "function",
            "function": {"name": use.name, "arguments": use.malformed or json.dumps(use.input)},
        }
        for use in reply.content
        if isinstance(use, ToolUse)
    ]
    content = "".join(texts) if texts or not calls else None
    return {"content": content, **({"tool_calls": calls} if calls else {})}


def _usage(reply: Reply) -> dict[str, Any]:
    prompt = reply.input_tokens + reply.cache_read_tokens + reply.cache_write_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": reply.output_tokens,
        "total_tokens": prompt + reply.output_tokens,
        "prompt_tokens_details": {"cached_tokens": reply.cache_read_tokens},
    }


def _event(chunk: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(chunk)}\n\n".encode()
