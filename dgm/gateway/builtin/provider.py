"""The built-in model: no language model, but a seeded, search-based program repairer and mutator.

It answers the same requests as any other provider, so that the whole machine can run with no key
and no network. `complete` is a pure function of the request, the seed and the call's index.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import replace

from dgm.errors import ProviderError
from dgm.gateway.protocol import CallContext
from dgm.gateway.wire import Block, Reply, Request, StopReason, Text, ToolResult, ToolUse

_IMPROVE = "# Improve this coding agent"
_DIAGNOSE = "Answer with one JSON object"
_CHARS_PER_TOKEN = 4


class BuiltinProvider:
    """Answers as solver, improver or diagnoser, whichever the request asks for."""

    @property
    def name(self) -> str:
        """The first part of the model's name."""
        return "builtin"

    def complete(self, request: Request, context: CallContext) -> Reply:
        """Answer one request; the same request, seed and index always give the same reply.

        Raises: ProviderError if there is no message to answer.
        """
        blocks = _numbered(_answer(request, context), context.index)
        blocks, cut = _within(blocks, request.max_tokens)
        return Reply(
            content=blocks,
            stop_reason=_stop_reason(blocks, cut=cut),
            input_tokens=_tokens(_request_text(request)),
            output_tokens=_tokens(_block_texts(blocks)),
            model="builtin",
            id=f"msg_builtin_{context.index}",
        )


def _answer(request: Request, context: CallContext) -> tuple[Text | ToolUse, ...]:
    """Ask the role the request is for. Imported late: each role is only paid for when asked."""
    if not request.messages:
        raise ProviderError("the request has no message: send at least one")
    if _DIAGNOSE in request.system:
        from dgm.gateway.builtin.diagnoser import answer

        return answer(request, context)
    from dgm.gateway.builtin.fences import Fences

    if fences := Fences.of(request):
        return fences.closed(_work(fences.opened(request), context))
    return _work(request, context)


def _work(request: Request, context: CallContext) -> tuple[Text | ToolUse, ...]:
    """Answer an agent at work on a program, or on its own code."""
    from dgm.gateway.builtin.endings import ended

    if _IMPROVE in _block_texts(request.messages[0].content):
        from dgm.gateway.builtin.improver import answer

        return ended(answer(request, context), request)
    from dgm.gateway.builtin.solver import answer

    return ended(answer(request, context), request)


def _numbered(blocks: Iterable[Text | ToolUse], index: int) -> tuple[Text | ToolUse, ...]:
    """Give the tool calls their ids: `call_<index of the call>_<number in the reply>`."""
    return tuple(
        replace(block, id=f"call_{index}_{number}") if isinstance(block, ToolUse) else block
        for number, block in enumerate(blocks)
    )


def _within(
    blocks: tuple[Text | ToolUse, ...], max_tokens: int
) -> tuple[tuple[Text | ToolUse, ...], bool]:
    """Cut a reply where it exceeds `max_tokens`: text is shortened, a cut tool call is lost."""
    kept: list[Text | ToolUse] = []
    room = max_tokens * _CHARS_PER_TOKEN
    for block in blocks:
        length = len(_block_text(block))
        if length > room:
            if isinstance(block, Text):
                kept.append(Text(block.text[:room]))
            return tuple(kept) or (Text(""),), True
        kept.append(block)
        room -= length
    return tuple(kept), False


def _stop_reason(blocks: tuple[Text | ToolUse, ...], *, cut: bool) -> StopReason:
    if cut:
        return StopReason.MAX_TOKENS
    has_call = any(isinstance(block, ToolUse) for block in blocks)
    return StopReason.TOOL_USE if has_call else StopReason.END_TURN


def _request_text(request: Request) -> str:
    specs = (f"{s.name}{s.description}{json.dumps(s.input_schema)}" for s in request.tools)
    said = (_block_texts(message.content) for message in request.messages)
    return "".join((request.system, *specs, *said))


def _block_texts(blocks: Iterable[Block]) -> str:
    return "".join(map(_block_text, blocks))


def _block_text(block: Block) -> str:
    match block:
        case ToolUse():
            return f"{block.name}{json.dumps(dict(block.input))}"
        case Text() | ToolResult():
            return block.text
        case _:
            return ""  # pictures and thoughts are nothing to a model that has neither


def _tokens(text: str) -> int:
    return math.ceil(len(text) / _CHARS_PER_TOKEN)
