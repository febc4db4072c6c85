"""A model call as typed records: what every dialect is decoded to, and every provider answers.

The shape is that of the Anthropic Messages API, which holds whatever the others say; `codec`
puts it into JSON. Source: Anthropic API reference, `POST /v1/messages` (version 2023-06-01).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeAlias

JsonObject: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture: `data` is base64, `media_type` such as `image/png`."""

    media_type: str
    data: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """The model's reasoning; whoever sends it back must leave text and signature as they were.

    `redacted` holds reasoning that the provider shows to nobody; the text is then empty.
    """

    text: str
    signature: str = ""
    redacted: str = ""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """The model asks for a tool; `id` pairs it with its result.

    `malformed` holds arguments that were not a JSON object, as the model wrote them.
    """

    id: str
    name: str
    input: JsonObject
    malformed: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave; nested text blocks are joined into `text`, pictures follow it."""

    tool_use_id: str
    text: str
    is_error: bool = False
    images: tuple[Image, ...] = ()


Block: TypeAlias = Text | Image | Thinking | ToolUse | ToolResult
ReplyBlock: TypeAlias = Text | Thinking | ToolUse


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. A string content is decoded to a single `Text`."""

    role: Literal["user", "assistant"]
    content: tuple[Block, ...]


def in_common(before: tuple[Message, ...], now: tuple[Message, ...]) -> int:
    """Return how many messages two conversations have in common."""
    if now[: len(before)] == before:  # in no time, where they are the very same
        return len(before)
    pairs = enumerate(zip(before, now, strict=False))
    return next((at for at, (one, other) in pairs if one != other), len(now))


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool the agent offers: `input_schema` is JSON Schema, as sent.

    `is_strict`: the model's arguments must follow it to the letter.
    """

    name: str
    description: str
    input_schema: JsonObject
    is_strict: bool = False


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Whether tools may or must be used: `tool` names the one that must.

    `parallel` is false when one answer may use one tool at most.
    """

    kind: Literal["auto", "any", "tool", "none"] = "auto"
    tool: str = ""
    parallel: bool = True


@dataclass(frozen=True, slots=True)
class Reasoning:
    """How much the model may think before it answers; empty fields leave it to the provider.

    `tokens` bounds the thinking (0 turns it off); `effort` is `low`, `medium`, `high` or another
    word the provider knows.
    """

    tokens: int | None = None
    effort: str = ""
    is_adaptive: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A decoded request; `system` blocks are joined with blank lines.

    `output_schema` is JSON Schema the answer's text must follow (an empty one: any JSON object),
    None for free text; `is_output_strict` whether to the letter.
    """

    model: str
    max_tokens: int
    messages: tuple[Message, ...]
    system: str = ""
    tools: tuple[ToolSpec, ...] = ()
    temperature: float | None = None
    stop_sequences: tuple[str, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    top_p: float | None = None
    top_k: int | None = None
    reasoning: Reasoning = Reasoning()
    output_schema: JsonObject | None = None
    is_output_strict: bool = True


class StopReason(StrEnum):
    """Why the model stopped."""

    END_TURN = "end_turn"
    MAX_TOKENS = "max_tokens"
    STOP_SEQUENCE = "stop_sequence"
    TOOL_USE = "tool_use"
    REFUSAL = "refusal"
    CONTEXT_FULL = "model_context_window_exceeded"


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer and the tokens it was counted at.

    `input_tokens` leaves out what was read from the provider's cache (`cache_read_tokens`) or
    written to it (`cache_write_tokens`); thinking counts as output. `is_estimated`: the provider
    did not say, the counts are the gateway's own.
    """

    content: tuple[ReplyBlock, ...]
    stop_reason: StopReason
    input_tokens: int
    output_tokens: int
    model: str = ""
    id: str = ""
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    stop_sequence: str | None = None
    is_estimated: bool = False
