"""How many tokens a request may come to, before a provider has counted them."""

from __future__ import annotations

import json

from dgm.gateway.wire import Block, Image, Request, Text, Thinking, ToolResult, ToolUse

_BYTES_PER_TOKEN = 3  # English and code come to 3.5 to 4.5: this leans to the safe side
_TOKENS_PER_BLOCK = 8  # roles, types and ids
_BYTES_PER_IMAGE_TOKEN = 512  # only pictures larger than providers take come to more than that
_TOKENS_PER_IMAGE = 1600  # what the largest picture comes to that providers do not shrink


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text from its bytes, rounded up.

    Not an upper bound: text made of rare characters can come to one token per byte.
    """
    size = len(text) if text.isascii() else len(text.encode())  # most texts need no copy
    return -(-size // _BYTES_PER_TOKEN)


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
    content = sum(_tokens_of(block) + _TOKENS_PER_BLOCK for block in blocks)
    schema = estimate_tokens(json.dumps(request.output_schema)) if request.output_schema else 0
    around = schema + stops + empty * _TOKENS_PER_BLOCK
    return estimate_tokens(request.system) + tools + content + around


def _tokens_of(block: Block) -> int:
    match block:
        case Image():
            return _tokens_of_image(block)
        case ToolResult(images=images):
            return estimate_tokens(block.text) + sum(map(_tokens_of_image, images))
        case _:
            return estimate_tokens(_text_of(block))


def _tokens_of_image(image: Image) -> int:
    return max(_TOKENS_PER_IMAGE, len(image.data) // _BYTES_PER_IMAGE_TOKEN)


def _text_of(block: Text | Thinking | ToolUse) -> str:
    match block:
        case Text(text):
            return text
        case Thinking(text, signature, redacted):
            return text + signature + redacted
        case ToolUse(name=name, input=arguments, malformed=malformed):
            return name + json.dumps(arguments) + malformed
