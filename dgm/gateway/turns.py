"""A transcript as people and diagnosers read it: turn by turn, each call beside its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dgm.gateway.transcript import Exchange, read_transcript
from dgm.gateway.wire import JsonObject, Text, ToolResult, ToolUse
from dgm.records import Usage


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call; `result` is None if the agent never sent one."""

    name: str
    input: JsonObject
    result: str | None
    is_error: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of the model: what it said, what it called; `failure` if there was no answer."""

    number: int
    text: str
    calls: tuple[Call, ...]
    usage: Usage
    failure: str = ""


def read_turns(path: Path) -> tuple[Turn, ...]:
    """Read a transcript (the plain path), whole or torn; nothing if there is none."""
    try:
        exchanges = tuple(read_transcript(path))
    except FileNotFoundError:
        return ()
    results = _results(exchanges)
    return tuple(_turn(exchange, results) for exchange in exchanges)


def _results(exchanges: Sequence[Exchange]) -> dict[str, ToolResult]:
    return {
        block.tool_use_id: block
        for exchange in exchanges
        for message in exchange.request.messages[-2:]
        for block in message.content
        if isinstance(block, ToolResult)
    }


def _turn(exchange: Exchange, results: dict[str, ToolResult]) -> Turn:
    content = exchange.reply.content if exchange.reply else ()
    return Turn(
        number=exchange.index + 1,
        text="\n".join(block.text for block in content if isinstance(block, Text)),
        calls=tuple(_call(block, results) for block in content if isinstance(block, ToolUse)),
        usage=exchange.usage,
        failure=exchange.message,
    )


def _call(use: ToolUse, results: dict[str, ToolResult]) -> Call:
    result = results.get(use.id)
    if result is None:
        return Call(use.name, use.input, None, is_error=False)
    return Call(use.name, use.input, result.text, result.is_error)
