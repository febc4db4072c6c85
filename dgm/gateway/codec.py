"""The Messages dialect between JSON and `wire`: strict on the way in, plain on the way out.

Every field is on an allow-list. What would change the answer but is not understood here is refused
with its name, never dropped in silence; what changes nothing (`metadata`, `cache_control`) is.

Source: Anthropic API reference, `POST /v1/messages` and "Errors" (version 2023-06-01).
"""

from __future__ import annotations

import json
from typing import Any

from dgm.errors import DgmError
from dgm.gateway.fields import MISSING, Field
from dgm.gateway.wire import (
    Block,
    Message,
    Reply,
    Request,
    StopReason,
    Text,
    ToolResult,
    ToolSpec,
    ToolUse,
)

_KNOWN = frozenset({"model", "max_tokens", "messages", "system", "tools", "temperature"})
_KNOWN |= {"stop_sequences", "stream", "tool_choice"}
_HARMLESS = frozenset({"metadata", "service_tier", "cache_control"})
_MAX_DEPTH = 64
_MAX_NAME = 256  # of what is recorded but counts as no tokens: ids, and the model's name


class InvalidRequestError(DgmError):
    """A request is not one this gateway answers; the message names the field."""


def decode_request(body: bytes) -> Request:
    """Decode the body of `POST /v1/messages`.

    Raises: InvalidRequestError naming the first wrong field.
    """
    try:
        return _request(Field.parse(body, max_depth=_MAX_DEPTH))
    except ValueError as error:
        raise InvalidRequestError(str(error)) from error


def _request(root: Field) -> Request:
    for name in root.names():
        if name not in _KNOWN | _HARMLESS and root.get(name).value not in (None, []):
            raise ValueError(f"{name}: not supported by this gateway; leave it out")
    if root.get("stream").value not in (MISSING, None, False):
        raise ValueError("stream: streaming is not supported by this gateway; send stream: false")
    _check_tool_choice(root.get("tool_choice"))
    messages = tuple(_message(item) for item in root["messages"].items())
    if not messages:
        raise ValueError("messages: at least one message is required")
    if messages[0].role != "user":
        raise ValueError("messages[0].role: the first message must be the user's")
    temperature = root.get("temperature")
    return Request(
        model=root["model"].text(most=_MAX_NAME),
        max_tokens=root["max_tokens"].integer(least=1),
        messages=messages,
        system=_joined_text(root.get("system"), "\n\n"),
        tools=tuple(_tool(item) for item in root.get("tools").items()),
        temperature=None if temperature.is_absent else temperature.number(0.0, 1.0),
        stop_sequences=tuple(item.text() for item in root.get("stop_sequences").items()),
    )


def _check_tool_choice(choice: Field) -> None:
    if not choice.is_absent and (kind := choice["type"].text()) != "auto":
        raise ValueError(
            f"tool_choice.type: only 'auto' is supported by this gateway, not {kind!r}"
        )


def _message(field: Field) -> Message:
    field.allow_only("role", "content")
    role = field["role"].text()
    if role not in ("user", "assistant"):
        raise ValueError(f"{field.path}.role: must be 'user' or 'assistant', not {role!r}")
    content = field["content"]
    if isinstance(content.value, str):
        return Message(role, (Text(content.value),))  # type: ignore[arg-type]
    return Message(role, tuple(_block(item) for item in content.items()))  # type: ignore[arg-type]


def _block(field: Field) -> Block:
    kind = field["type"].text()
    if kind == "text":
        return _text(field)
    if kind == "tool_use":
        return _tool_use(field)
    if kind == "tool_result":
        return _tool_result(field)
    raise ValueError(f"{field.path}.type: {kind!r} content is not supported by this gateway")


def _text(field: Field) -> Text:
    field.allow_only("type", "text", "cache_control", "citations")
    return Text(field["text"].text())


def _tool_use(field: Field) -> ToolUse:
    field.allow_only("type", "id", "name", "input", "cache_control")
    return ToolUse(field["id"].text(most=_MAX_NAME), field["name"].text(), field["input"].mapping())


def _tool_result(field: Field) -> ToolResult:
    field.allow_only("type", "tool_use_id", "content", "is_error", "cache_control")
    is_error = field.get("is_error")
    return ToolResult(
        field["tool_use_id"].text(most=_MAX_NAME),
        _joined_text(field.get("content"), "\n"),
        False if is_error.is_absent else is_error.boolean(),
    )


def _tool(field: Field) -> ToolSpec:
    kind = field.get("type")
    if not kind.is_absent and kind.text() != "custom":
        raise ValueError(
            f"{field.path}.type: tools run by the provider are not supported by this gateway, "
            f"not {kind.value!r}; offer tools with name, description and input_schema"
        )
    field.allow_only("type", "name", "description", "input_schema", "cache_control")
    description = field.get("description")
    return ToolSpec(
        field["name"].text(),
        "" if description.is_absent else description.text(),
        field["input_schema"].mapping(),
    )


def _joined_text(field: Field, separator: str) -> str:
    """Read a string, or a list of text blocks joined by `separator`; nothing is empty text."""
    if field.is_absent:
        return ""
    if isinstance(field.value, str):
        return field.value
    return separator.join(_only_text(item) for item in field.items())


def _only_text(field: Field) -> str:
    if (kind := field["type"].text()) != "text":
        raise ValueError(f"{field.path}.type: only text is supported by this gateway, not {kind!r}")
    return _text(field).text


def block_object(block: Block) -> dict[str, Any]:
    """Return a block as the JSON object it came from."""
    match block:
        case Text(text):
            return {"type": "text", "text": text}
        case ToolUse(id=id_, name=name, input=arguments):
            return {"type": "tool_use", "id": id_, "name": name, "input": arguments}
        case ToolResult(tool_use_id=id_, text=text, is_error=is_error):
            flag = {"is_error": True} if is_error else {}
            return {"type": "tool_result", "tool_use_id": id_, "content": text, **flag}


def message_object(message: Message) -> dict[str, Any]:
    """Return a message as JSON object."""
    return {"role": message.role, "content": [block_object(block) for block in message.content]}


def request_object(request: Request) -> dict[str, Any]:
    """Return a request as JSON object: `decode_request` of it gives the request again."""
    tools = [
        {"name": tool.name, "description": tool.description, "input_schema": tool.input_schema}
        for tool in request.tools
    ]
    optional = {
        "system": request.system,
        "tools": tools,
        "temperature": request.temperature,
        "stop_sequences": list(request.stop_sequences),
    }
    return {
        "model": request.model,
        "max_tokens": request.max_tokens,
        **{name: value for name, value in optional.items() if value not in ("", [], None)},
        "messages": [message_object(message) for message in request.messages],
    }


def reply_object(reply: Reply) -> dict[str, Any]:
    """Return a reply as the JSON object of a Messages answer."""
    return {
        "id": reply.id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [block_object(block) for block in reply.content],
        "stop_reason": str(reply.stop_reason),
        "stop_sequence": None,
        "usage": {"input_tokens": reply.input_tokens, "output_tokens": reply.output_tokens},
    }


def encode_reply(reply: Reply) -> bytes:
    """Encode a reply as the body of an HTTP answer."""
    return json.dumps(reply_object(reply)).encode()


def encode_error(kind: str, message: str) -> bytes:
    """Encode an error in the dialect: `kind` is its `type`, such as `not_found_error`."""
    return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()


def decode_reply(body: bytes) -> Reply:
    """Decode a Messages answer: text and tool_use blocks only.

    Raises: ValueError naming the first wrong field.
    """
    root = Field.parse(body, max_depth=_MAX_DEPTH)
    usage = root["usage"]
    return Reply(
        content=tuple(_reply_block(item) for item in root["content"].items()),
        stop_reason=StopReason(root["stop_reason"].text()),
        input_tokens=usage["input_tokens"].integer(least=0),
        output_tokens=usage["output_tokens"].integer(least=0),
        model=root["model"].text(),
        id=root["id"].text(),
    )


def _reply_block(field: Field) -> Text | ToolUse:
    block = _block(field)
    if isinstance(block, ToolResult):
        raise ValueError(f"{field.path}.type: a model does not give tool results")  # noqa: TRY004
    return block
