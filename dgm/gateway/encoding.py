"""The records of `wire` as JSON objects of the Messages dialect; `codec` reads them back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from dgm.gateway.wire import (
    Block,
    Image,
    Message,
    Reasoning,
    Reply,
    Request,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
)


def block_object(block: Block) -> dict[str, Any]:
    """Return a block as the JSON object it came from."""
    match block:
        case Text(text):
            return {"type": "text", "text": text}
        case Image(media_type, data):
            source = {"type": "base64", "media_type": media_type, "data": data}
            return {"type": "image", "source": source}
        case Thinking(redacted=redacted) if redacted:
            return {"type": "redacted_thinking", "data": redacted}
        case Thinking(text, signature):
            return {"type": "thinking", "thinking": text, "signature": signature}
        case ToolUse(id=id_, name=name, input=arguments, malformed=malformed):
            extra = {"malformed": malformed} if malformed else {}
            return {"type": "tool_use", "id": id_, "name": name, "input": arguments, **extra}
        case ToolResult(tool_use_id=id_, text=text, is_error=is_error, images=images):
            content = [{"type": "text", "text": text}, *map(block_object, images)]
            flag = {"is_error": True} if is_error else {}
            given = content if images else text
            return {"type": "tool_result", "tool_use_id": id_, "content": given, **flag}


def message_object(message: Message) -> dict[str, Any]:
    """Return a message as JSON object."""
    return {"role": message.role, "content": [block_object(block) for block in message.content]}


def tool_choice_object(choice: ToolChoice) -> dict[str, Any] | None:
    """Return a tool choice as JSON object, None where it is the default."""
    if choice == ToolChoice():
        return None
    named = {"name": choice.tool} if choice.kind == "tool" else {}
    alone = {} if choice.parallel else {"disable_parallel_tool_use": True}
    return {"type": choice.kind, **named, **alone}


def thinking_object(reasoning: Reasoning) -> dict[str, Any] | None:
    """Return the bounds of thinking as JSON object, None where nothing is asked for."""
    if reasoning.is_adaptive:
        return {"type": "adaptive"}
    if reasoning.tokens is None:
        return None
    if reasoning.tokens == 0:
        return {"type": "disabled"}
    return {"type": "enabled", "budget_tokens": reasoning.tokens}


def _tool_object(tool: ToolSpec) -> dict[str, Any]:
    strict = {"strict": True} if tool.is_strict else {}
    described = {"name": tool.name, "description": tool.description}
    return {**described, "input_schema": tool.input_schema, **strict}


def _format_object(request: Request) -> dict[str, Any]:
    lax = {} if request.is_output_strict else {"strict": False}
    return {"type": "json_schema", "schema": request.output_schema, **lax}


def request_object(request: Request) -> dict[str, Any]:
    """Return a request as JSON object: `decode_request` of it gives the request again."""
    output = {
        **({"effort": request.reasoning.effort} if request.reasoning.effort else {}),
        **({"format": _format_object(request)} if request.output_schema is not None else {}),
    }
    optional = {
        "system": request.system,
        "tools": [_tool_object(tool) for tool in request.tools],
        "temperature": request.temperature,
        "stop_sequences": list(request.stop_sequences),
        "tool_choice": tool_choice_object(request.tool_choice),
        "top_p": request.top_p,
        "top_k": request.top_k,
        "thinking": thinking_object(request.reasoning),
        "output_config": output or None,
    }
    return {
        "model": request.model,
        "max_tokens": request.max_tokens,
        **{name: value for name, value in optional.items() if value not in ("", [], None)},
        "messages": [message_object(message) for message in request.messages],
    }


def rest_of(request: Request, kept: int, *, is_continued: bool) -> dict[str, Any]:
    """Return a request without its first `kept` messages, and of one continued only the others."""
    messages = request.messages[kept:]
    if is_continued:
        return {"messages": [message_object(message) for message in messages]}
    return request_object(replace(request, messages=messages))


def reply_object(reply: Reply) -> dict[str, Any]:
    """Return a reply as the JSON object of a Messages answer."""
    return {
        "id": reply.id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [block_object(block) for block in reply.content],
        "stop_reason": str(reply.stop_reason),
        "stop_sequence": reply.stop_sequence,
        "usage": {
            "input_tokens": reply.input_tokens,
            "output_tokens": reply.output_tokens,
            "cache_read_input_tokens": reply.cache_read_tokens,
            "cache_creation_input_tokens": reply.cache_write_tokens,
            **({"is_estimated": True} if reply.is_estimated else {}),
        },
    }


def encode_error(kind: str, message: str) -> bytes:
    """Encode an error in the dialect: `kind` is its `type`, such as `not_found_error`."""
    return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()
