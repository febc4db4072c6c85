"""How many tokens a request may come to, before a provider has counted them."""

from __future__ import annotations

import json
from operator import is_not

from dgm.gateway.wire import (
    Block,
    Image,
    Message,
    Request,
    Text,
    Thinking,
    ToolResult,
    ToolSpec,
    ToolUse,
    in_common,
)

_BYTES_PER_TOKEN = 3  # English and code come to 3.5 to 4.5: this leans to the safe side
_TOKENS_PER_BLOCK = 8  # roles, types and ids as they usually are
_USUAL_ID = 64  # characters; what an id has beyond them counts as text
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
    return Estimator().input_tokens(request)


class Estimator:
    """Estimates the requests of one conversation, each of which repeats the one before.

    Thread-safe. It is quick where messages are the very same, not only alike: see `History`.
    """

    def __init__(self) -> None:
        self._counted: tuple[tuple[Message, ...], list[int]] = ((), [])
        self._tools: tuple[tuple[ToolSpec, ...], int] = ((), 0)

    def input_tokens(self, request: Request) -> int:
        """Estimate the same as `estimate_input_tokens`."""
        messages, totals = self._counted
        totals = totals[: in_common(messages, request.messages)]
        kept = len(totals)
        total = totals[-1] if totals else 0
        for message in request.messages[kept:]:
            total += _tokens_of_message(message)
            totals.append(total)
        self._counted = (request.messages, totals)
        return _tokens_of_settings(request) + self._of_tools(request.tools) + total

    def _of_tools(self, tools: tuple[ToolSpec, ...]) -> int:
        known, total = self._tools
        if len(known) != len(tools) or any(map(is_not, known, tools)):
            total = _tokens_of_tools(tools)
            self._tools = tools, total
        return total


def _tokens_of_settings(request: Request) -> int:
    stops = sum(estimate_tokens(stop) + _TOKENS_PER_BLOCK for stop in request.stop_sequences)
    schema = estimate_tokens(json.dumps(request.output_schema)) if request.output_schema else 0
    return estimate_tokens(request.system) + schema + stops


def _tokens_of_tools(tools: tuple[ToolSpec, ...]) -> int:
    return sum(
        estimate_tokens(tool.name + tool.description + json.dumps(tool.input_schema))
        + _TOKENS_PER_BLOCK
        for tool in tools
    )


def _tokens_of_message(message: Message) -> int:
    around = _TOKENS_PER_BLOCK * max(1, len(message.content))
    return around + sum(map(_tokens_of, message.content))


def _tokens_of(block: Block) -> int:
    match block:
        case Image():
            return _tokens_of_image(block)
        case ToolResult(images=images):
            said = block.text + block.tool_use_id[_USUAL_ID:]
            return estimate_tokens(said) + sum(map(_tokens_of_image, images))
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
        case ToolUse(id=id_, name=name, input=arguments, malformed=malformed):
            return name + json.dumps(arguments) + malformed + id_[_USUAL_ID:]
