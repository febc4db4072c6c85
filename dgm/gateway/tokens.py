"""How many tokens a request may come to, before a provider has counted them."""

from __future__ import annotations

import json

from dgm.gateway.wire import Block, Request, Text, ToolResult, ToolUse

_BYTES_PER_TOKEN = 3  # English and code come to 3.5 to 4.5: this leans to the safe side
_TOKENS_PER_BLOCK = 8  # roles, types and ids


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text from its bytes, rounded up.

    Not an upper bound: text made of rare characters can come to one token per byte.
    """
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)


def estimate_input_tokens(request: Request) -> int:
    """Estimate the tokens a provider will count as input."""
    blocks = [block for message in request.messages for block in message.content]
    empty = sum(not message.content for message in request.messages)
    stops = sum(estimate_tokens(stop) + _TOKENS_PER_BLOCK for stop in request.stop_sequences)
    tools = sum(
        estimate_tokens(tool.name + tool.description + json.dumps(tool.input_schema))
        + _TOKENS_PER_BLOCK
        for tool in request.tools
    )
    content = sum(estimate_tokens(_text_of(block)) + _TOKENS_PER_BLOCK for block in blocks)
    around = stops + empty * _TOKENS_PER_BLOCK
    return estimate_tokens(request.system) + tools + content + around


def _text_of(block: Block) -> str:
    match block:
        case Text(text) | ToolResult(text=text):
            return text
        case ToolUse(name=name, input=arguments):
            return name + json.dumps(arguments)
