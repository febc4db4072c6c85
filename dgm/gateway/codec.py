"""The Messages dialect read into `wire`, strictly; `encoding` is the way back.

Every field is on an allow-list. What would change the answer but is not understood here is refused
with its name, never dropped in silence; what changes nothing (`metadata`, `cache_control`: the
gateway sets its own) is.

Source: Anthropic API reference, `POST /v1/messages` and "Errors" (version 2023-06-01).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dgm.errors import DgmError
from dgm.gateway.fields import Field
from dgm.gateway.history import History, Names
from dgm.gateway.wire import (
    Block,
    Image,
    Message,
    Reasoning,
    Reply,
    ReplyBlock,
    Request,
    StopReason,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
)

MAX_DEPTH = 64
_MAX_ARGUMENT_DEPTH = MAX_DEPTH - 8  # around them lie the request, its messages and blocks
_KNOWN = frozenset({"model", "max_tokens", "messages", "system", "tools", "temperature"})
_KNOWN |= {"stop_sequences", "stream", "tool_choice", "top_p", "top_k", "thinking"}
_KNOWN |= {"output_config"}
_TAKEN = _KNOWN | {"metadata", "service_tier", "cache_control"}  # these change no answer
MAX_NAME = 256  # of what is recorded but counts as no tokens, such as the model's name


class InvalidRequestError(DgmError):
    """A request is not one this gateway answers; the message names the field."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came: decoded, and whether its answer shall be streamed.

    `reports_usage` is whether a stream in the chat dialect ends with the tokens used.
    """

    request: Request
    streams: bool = False
    reports_usage: bool = True


def decode(
    body: bytes, read: Callable[[Field], Incoming], growing: Names, history: History | None
) -> Incoming:
    """Decode a body in the dialect that `read` reads, whose lists `growing` say what others said.

    Raises: InvalidRequestError naming the first wrong field.
    """
    try:
        if history is None:
            return read(Field.parse(body, max_depth=MAX_DEPTH))
        return history.read(body, growing, MAX_DEPTH, read)
    except ValueError as error:
        raise InvalidRequestError(str(error)) from error


def decode_incoming(body: bytes, history: History | None = None) -> Incoming:
    """Decode the body of `POST /v1/messages`.

    Raises: InvalidRequestError naming the first wrong field.
    """
    return decode(body, _incoming, ("messages", "tools"), history)


def decode_request(body: bytes) -> Request:
    """Decode a request alone. Raises: InvalidRequestError naming the first wrong field."""
    return decode_incoming(body).request


def _incoming(root: Field) -> Incoming:
    stream = root.get("stream")
    return Incoming(_request(root), False if stream.is_absent else stream.boolean())


def _request(root: Field) -> Request:
    for name, value in root.mapping().items():
        if name not in _TAKEN and value not in (None, []):
            raise ValueError(f"{name}: not supported by this gateway; leave it out")
    messages = root["messages"].each(_message)
    if not messages:
        raise ValueError("messages: at least one message is required")
    if messages[0].role != "user":
        raise ValueError("messages[0].role: the first message must be the user's")
    output = root.get("output_config")
    top_k = root.get("top_k")
    return Request(
        model=root["model"].text(most=MAX_NAME),
        max_tokens=root["max_tokens"].integer(least=1),
        messages=messages,
        system=_joined_text(root.get("system"), "\n\n"),
        tools=root.get("tools").each(_tool),
        temperature=root.get("temperature").number_or_none(0.0, 2.0),
        stop_sequences=tuple(item.text() for item in root.get("stop_sequences").items()),
        tool_choice=_tool_choice(root.get("tool_choice")),
        top_p=root.get("top_p").number_or_none(0.0, 1.0),
        top_k=None if top_k.is_absent else top_k.integer(least=0),
        reasoning=_reasoning(root.get("thinking"), output),
        output_schema=_output_schema(output),
        is_output_strict=_is_output_strict(output),
    )


def _tool_choice(choice: Field) -> ToolChoice:
    if choice.is_absent:
        return ToolChoice()
    choice.allow_only("type", "name", "disable_parallel_tool_use")
    kind = choice["type"].one_of("auto", "any", "tool", "none")
    one_at_most = choice.get("disable_parallel_tool_use")
    return ToolChoice(
        kind=kind,  # type: ignore[arg-type]
        tool=choice["name"].text(most=MAX_NAME) if kind == "tool" else "",
        parallel=one_at_most.is_absent or not one_at_most.boolean(),
    )


def _reasoning(thinking: Field, output: Field) -> Reasoning:
    effort = "" if output.is_absent else output.get("effort").text_or("", most=MAX_NAME)
    if thinking.is_absent:
        return Reasoning(effort=effort)
    thinking.allow_only("type", "budget_tokens", "display")
    kind = thinking["type"].one_of("enabled", "disabled", "adaptive")
    if kind == "enabled":
        return Reasoning(thinking["budget_tokens"].integer(least=1), effort)
    return Reasoning(0 if kind == "disabled" else None, effort, is_adaptive=kind == "adaptive")


def _output_schema(output: Field) -> dict[str, Any] | None:
    if output.is_absent:
        return None
    output.allow_only("effort", "format")
    wanted = output.get("format")
    if wanted.is_absent:
        return None
    wanted.allow_only("type", "schema", "strict")
    wanted["type"].one_of("json_schema")
    return dict(wanted["schema"].mapping())


def _is_output_strict(output: Field) -> bool:
    wanted = output if output.is_absent else output.get("format")
    return wanted.is_absent or wanted.get("strict").value is not False


def _message(field: Field) -> Message:
    field.allow_only("role", "content")
    role = field["role"].one_of("user", "assistant")
    content = field["content"]
    if isinstance(content.value, str):
        return Message(role, (Text(content.value),))  # type: ignore[arg-type]
    return Message(role, tuple(_block(item) for item in content.items()))  # type: ignore[arg-type]


def _block(field: Field) -> Block:
    match field["type"].text():
        case "text":
            return _text(field)
        case "image":
            return _image(field)
        case "thinking":
            field.allow_only("type", "thinking", "signature")
            return Thinking(field["thinking"].text(), field.get("signature").text_or(""))
        case "redacted_thinking":
            field.allow_only("type", "data")
            return Thinking("", redacted=field["data"].text())
        case "tool_use":
            return _tool_use(field)
        case "tool_result":
            return _tool_result(field)
        case kind:
            raise ValueError(f"{field.path}.type: {kind!r} content is not supported here")


def _text(field: Field) -> Text:
    field.allow_only("type", "text", "cache_control", "citations")
    return Text(field["text"].text())


def _image(field: Field) -> Image:
    field.allow_only("type", "source", "cache_control")
    source = field["source"]
    if (kind := source["type"].text()) != "base64":
        raise ValueError(
            f"{source.path}.type: the gateway fetches nothing; send the picture as base64, "
            f"not {kind!r}"
        )
    source.allow_only("type", "media_type", "data")
    return Image(source["media_type"].text(most=MAX_NAME), source["data"].text())


def _tool_use(field: Field) -> ToolUse:
    field.allow_only("type", "id", "name", "input", "malformed", "cache_control", "caller")
    return ToolUse(
        field["id"].text(),
        field["name"].text(),
        field["input"].mapping(),
        field.get("malformed").text_or(""),
    )


def _tool_result(field: Field) -> ToolResult:
    field.allow_only("type", "tool_use_id", "content", "is_error", "cache_control")
    is_error = field.get("is_error")
    content = field.get("content")
    pictures = () if isinstance(content.value, str) else tuple(content.items())
    return ToolResult(
        field["tool_use_id"].text(),
        _joined_text(content, "\n", besides="image"),
        False if is_error.is_absent else is_error.boolean(),
        tuple(_image(item) for item in pictures if item["type"].value == "image"),
    )


def _tool(field: Field) -> ToolSpec:
    kind = field.get("type")
    if not kind.is_absent and kind.text() != "custom":
        raise ValueError(
            f"{field.path}.type: tools run by the provider are not supported by this gateway, "
            f"not {kind.value!r}; offer tools with name, description and input_schema"
        )
    field.allow_only("type", "name", "description", "input_schema", "strict", "cache_control")
    strict = field.get("strict")
    return ToolSpec(
        field["name"].text(),
        field.get("description").text_or(""),
        field["input_schema"].mapping(),
        is_strict=not strict.is_absent and strict.boolean(),
    )


def _joined_text(field: Field, separator: str, *, besides: str = "") -> str:
    """Read a string, or a list of text blocks joined by `separator`; nothing is empty text."""
    if field.is_absent:
        return ""
    if isinstance(field.value, str):
        return field.value
    texts = (item for item in field.items() if not besides or item["type"].value != besides)
    return separator.join(_only_text(item) for item in texts)


def _only_text(field: Field) -> str:
    if (kind := field["type"].text()) != "text":
        raise ValueError(f"{field.path}.type: only text is supported by this gateway, not {kind!r}")
    return _text(field).text


def decode_reply(body: bytes) -> Reply:
    """Decode a Messages answer as `reply_object` gives it.

    Raises: ValueError naming the first wrong field.
    """
    root = Field.parse(body, max_depth=MAX_DEPTH)
    usage = root["usage"]
    stop = root.get("stop_sequence")
    return Reply(
        content=tuple(_reply_block(item) for item in root["content"].items()),
        stop_reason=StopReason(root["stop_reason"].text()),
        input_tokens=usage["input_tokens"].integer(least=0),
        output_tokens=usage["output_tokens"].integer(least=0),
        model=root["model"].text(),
        id=root["id"].text(),
        cache_read_tokens=_count(usage.get("cache_read_input_tokens")),
        cache_write_tokens=_count(usage.get("cache_creation_input_tokens")),
        stop_sequence=None if stop.is_absent else stop.text(),
        is_estimated=usage.get("is_estimated").value is True,
    )


def read_tool_use(identity: str, name: str, arguments: str) -> ToolUse:
    """Read a tool call as a model wrote it; arguments that are no JSON object are kept as they are.

    So is its identity, whatever the provider makes of it: some hide a state of theirs in it.
    """
    identity, name = whole_characters(identity), whole_characters(name)
    try:
        given = Field.parse((arguments.strip() or "{}").encode(), max_depth=_MAX_ARGUMENT_DEPTH)
    except ValueError:
        return ToolUse(identity, name, {}, malformed=whole_characters(arguments))
    return ToolUse(identity, name, given.mapping())


def whole_characters(text: str) -> str:
    """Join characters that came in two halves; a half without the other becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _count(field: Field) -> int:
    return 0 if field.is_absent else field.integer(least=0)


def _reply_block(field: Field) -> ReplyBlock:
    block = _block(field)
    if isinstance(block, ToolResult | Image):
        raise ValueError(f"{field.path}.type: a model does not give {field['type'].value!r}")  # noqa: TRY004
    return block
