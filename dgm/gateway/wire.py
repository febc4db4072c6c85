"""The Anthropic Messages dialect as typed records, decoded once at the edge.

Source: Anthropic API reference, `POST /v1/messages` (version 2023-06-01). Content blocks beyond
text, tool_use and tool_result are refused by `decode_request`.
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
class ToolUse:
    """The model asks for a tool; `id` pairs it with its result."""

    id: str
    name: str
    input: JsonObject


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave; nested text blocks are joined into `text`."""

    tool_use_id: str
    text: str
    is_error: bool = False


Block: TypeAlias = Text | ToolUse | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. A string content is decoded to a single `Text`."""

    role: Literal["user", "assistant"]
    content: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool the agent offers: `input_schema` is JSON Schema, as sent."""

    name: str
    description: str
    input_schema: JsonObject


@dataclass(frozen=True, slots=True)
class Request:
    """A decoded Messages request; `system` blocks are joined with blank lines."""

    model: str
    max_tokens: int
    messages: tuple[Message, ...]
    system: str = ""
    tools: tuple[ToolSpec, ...] = ()
    temperature: float | None = None
    stop_sequences: tuple[str, ...] = ()


class StopReason(StrEnum):
    """Why the model stopped."""

    END_TURN = "end_turn"
    MAX_TOKENS = "max_tokens"
    STOP_SEQUENCE = "stop_sequence"
    TOOL_USE = "tool_use"


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer: text and tool_use blocks, and the tokens it was counted at."""

    content: tuple[Text | ToolUse, ...]
    stop_reason: StopReason
    input_tokens: int
    output_tokens: int
    model: str = ""
    id: str = ""
