"""`wire` records as a Chat Completions API takes and streams them: OpenAI's, and compatible ones.

Translated: results of tools go before anything else of their turn, where the API wants them, and
their pictures behind it, since a tool may answer with text alone; a failed tool's text begins with
`Error: `. Reasoning that a server shows without a signature is given to the agent and not sent
back, for which the API has no place; a bound of 0 tokens for thinking is the effort `none`, an
adaptive one is what these models do anyway.
Refused: `top_k`, other bounds of thinking in tokens, reasoning that another provider has signed.

Source: OpenAI API reference, "Create chat completion" and "The chat completion chunk object".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from dgm.errors import RequestRefusedError
from dgm.gateway.codec import read_tool_use, whole_characters
from dgm.gateway.tokens import estimate_input_tokens, estimate_tokens
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
    ToolChoice,
    ToolResult,
    ToolUse,
)

_STOPS = {
    "stop": StopReason.END_TURN,
    "end_turn": StopReason.END_TURN,
    "eos": StopReason.END_TURN,
    "eos_token": StopReason.END_TURN,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "length": StopReason.MAX_TOKENS,
    "max_tokens": StopReason.MAX_TOKENS,
    "model_length": StopReason.CONTEXT_FULL,
    "tool_calls": StopReason.TOOL_USE,
    "function_call": StopReason.TOOL_USE,
    "content_filter": StopReason.REFUSAL,
}


def request_fields(request: Request, *, bound: str = "max_completion_tokens") -> dict[str, Any]:
    """Return the parameters of a call; `bound` is what the server calls the most tokens.

    Raises: RequestRefusedError naming what cannot be said.
    """
    if request.top_k is not None:
        raise RequestRefusedError("top_k: this model's API does not have it; leave it out")
    optional = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop_sequences) or None,
        "reasoning_effort": _effort(request.reasoning),
        "response_format": _response_format(request),
        **(_tools(request) if request.tools else {}),
    }
    return {
        "model": request.model,
        bound: request.max_tokens,
        "messages": list(_messages(request)),
        **{name: value for name, value in optional.items() if value is not None},
    }


def _effort(reasoning: Reasoning) -> str | None:
    if reasoning.tokens:
        raise RequestRefusedError(
            "thinking.budget_tokens: this model's API takes an effort (output_config.effort, "
            "reasoning_effort), not a number of tokens"
        )
    return reasoning.effort or ("none" if reasoning.tokens == 0 else None)


def _response_format(request: Request) -> dict[str, Any] | None:
    schema = request.output_schema
    if schema is None:
        return None
    if not schema:
        return {"type": "json_object"}
    wanted = {"name": "answer", "schema": schema, "strict": request.is_output_strict}
    return {"type": "json_schema", "json_schema": wanted}


def _tools(request: Request) -> dict[str, Any]:
    tools = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.input_schema,
                **({"strict": True} if tool.is_strict else {}),
            },
        }
        for tool in request.tools
    ]
    alone = {} if request.tool_choice.parallel else {"parallel_tool_calls": False}
    return {"tools": tools, "tool_choice": _tool_choice(request.tool_choice), **alone}


def _tool_choice(choice: ToolChoice) -> str | dict[str, Any] | None:
    match choice.kind:
        case "auto":
            return None
        case "any":
            return "required"
        case "none":
            return "none"
        case "tool":
            return {"type": "function", "function": {"name": choice.tool}}


def _messages(request: Request) -> Iterator[dict[str, Any]]:
    if request.system:
        yield {"role": "system", "content": request.system}
    for message in request.messages:
        if message.role == "assistant":
            yield _assistant(message)
        else:
            yield from _user(message)


def _user(message: Message) -> Iterator[dict[str, Any]]:
    rest: list[dict[str, Any]] = []
    for block in message.content:
        match block:
            case ToolResult(tool_use_id=id_, text=text, is_error=is_error, images=images):
                said = f"Error: {text}" if is_error else text
                yield {"role": "tool", "tool_call_id": id_, "content": said}
                rest += [{"type": "text", "text": f"Pictures of {id_}:"}] if images else []
                rest += map(_part, images)
            case Text() | Image():
                rest.append(_part(block))
            case _:
                raise RequestRefusedError(f"messages: a user has no {type(block).__name__}")
    if rest:
        is_plain = len(rest) == 1 and rest[0]["type"] == "text"
        yield {"role": "user", "content": rest[0]["text"] if is_plain else rest}


def _part(block: Text | Image) -> dict[str, Any]:
    if isinstance(block, Text):
        return {"type": "text", "text": block.text}
    url = f"data:{block.media_type};base64,{block.data}"
    return {"type": "image_url", "image_url": {"url": url}}


def _assistant(message: Message) -> dict[str, Any]:
    _refuse_what_it_cannot_say(message.content)
    text = "".join(block.text for block in message.content if isinstance(block, Text))
    calls = [
        {
            "id": use.id,
            "type": "function",
            "function": {"name": use.name, "arguments": use.malformed or json.dumps(use.input)},
        }
        for use in message.content
        if isinstance(use, ToolUse)
    ]
    given: dict[str, Any] = {"tool_calls": calls} if calls else {}
    return {"role": "assistant", "content": text if text or not calls else None, **given}


def _refuse_what_it_cannot_say(content: Iterable[Block]) -> None:
    for block in content:
        if isinstance(block, Thinking) and (block.signature or block.redacted):
            raise RequestRefusedError(
                "messages: thinking that is signed belongs to another provider; leave it out"
            )
        if isinstance(block, Image | ToolResult):
            raise RequestRefusedError(f"messages: an assistant has no {type(block).__name__}")


class CompletionAssembler:
    """Puts a reply together from the chunks of a Chat Completions stream."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._head: JsonObject = {}
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._calls: list[dict[str, Any]] = []
        self._usage: JsonObject = {}
        self._finish: str | None = None
        self._is_refused = False

    def add(self, chunk: JsonObject) -> None:
        """Take the next chunk."""
        self._head = self._head or chunk
        if isinstance(usage := chunk.get("usage"), dict):
            self._usage = usage
        for choice in chunk.get("choices") or ():
            if choice.get("index", 0) == 0:
                self._extend(choice.get("delta") or {})
                self._finish = choice.get("finish_reason") or self._finish

    def _extend(self, delta: JsonObject) -> None:
        self._texts.append(delta.get("content") or "")
        if refusal := delta.get("refusal"):
            self._is_refused = True
            self._texts.append(refusal)
        self._thoughts.append(delta.get("reasoning_content") or delta.get("reasoning") or "")
        for part in delta.get("tool_calls") or ():
            self._extend_call(part)

    def _extend_call(self, part: JsonObject) -> None:
        """Take a part of a tool call; servers that count none of them begin each with its id."""
        index, id_ = part.get("index"), str(part.get("id") or "")
        same = [call for call in self._calls if call["index"] == index]
        if not same or (id_ and same[-1]["id"] and id_ != same[-1]["id"]):
            self._calls.append({"index": index, "id": id_, "name": "", "arguments": ""})
            same = self._calls[-1:]
        call, function = same[-1], part.get("function") or {}
        call["id"] = call["id"] or id_
        call["name"] = call["name"] or function.get("name") or ""
        call["arguments"] += function.get("arguments") or ""

    def reply(self) -> Reply:
        """Return the whole reply. Raises: ValueError if there is none."""
        if self._finish is None:
            raise ValueError("the stream ended early")
        if (stop := _STOPS.get(self._finish)) is None:
            raise ValueError(f"it stopped for a reason nobody knows: {self._finish!r:.40}")
        content = tuple(self._content())
        stop = self._consistent(stop, content)
        if not content and stop is StopReason.END_TURN:
            raise ValueError("the message is empty")
        return self._with_counts(content, stop)

    def _consistent(self, stop: StopReason, content: tuple[ReplyBlock, ...]) -> StopReason:
        """Servers say `stop` beside tool calls, and `tool_calls` without any."""
        calls = any(isinstance(block, ToolUse) for block in content)
        if self._is_refused:
            return StopReason.REFUSAL
        if stop is StopReason.END_TURN and calls:
            return StopReason.TOOL_USE
        return StopReason.END_TURN if stop is StopReason.TOOL_USE and not calls else stop

    def counted(self) -> Reply | None:
        """Return what tokens were counted so far."""
        return self._with_counts((), StopReason.END_TURN) if self._head else None

    def _content(self) -> Iterator[ReplyBlock]:
        if thought := whole_characters("".join(self._thoughts)):
            yield Thinking(thought)
        if text := whole_characters("".join(self._texts)):
            yield Text(text)
        for number, call in enumerate(self._calls):
            if not call["name"]:
                raise ValueError("it calls a tool without a name")
            id_ = (
                call["id"] or f"call_{str(self._head.get('id'))[-24:]}_{number}"
            )  # 40 characters at most
            yield read_tool_use(id_, call["name"], call["arguments"])

    def _with_counts(self, content: tuple[ReplyBlock, ...], stop: StopReason) -> Reply:
        prompt, output = (_count(self._usage.get(f"{w}_tokens")) for w in ("prompt", "completion"))
        details = self._usage.get("prompt_tokens_details")
        cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
        cached = min(cached or 0, prompt or 0)
        texts = whole_characters("".join((*self._texts, *self._thoughts)))
        said = texts + (json.dumps(self._calls) if self._calls else "")
        total = estimate_input_tokens(self._request) if prompt is None else prompt
        return Reply(
            content=content,
            stop_reason=stop,
            input_tokens=total - cached,
            output_tokens=estimate_tokens(said) if output is None else output,
            model=whole_characters(str(self._head.get("model") or self._request.model)),
            id=whole_characters(str(self._head.get("id") or "")),
            cache_read_tokens=cached,
            is_estimated=prompt is None or output is None,
        )


def _count(value: object) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_count else None  # type: ignore[return-value]
