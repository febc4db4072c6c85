"""What OpenAI's two dialects share: their errors, their pictures, and what asks for nothing.

Source: OpenAI API reference, "Error codes".
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Literal, TypeAlias

from dgm.gateway.codec import MAX_NAME, Incoming, decode
from dgm.gateway.dialects import Refusal, Refused
from dgm.gateway.fields import Field
from dgm.gateway.history import History
from dgm.gateway.wire import Image, Message, ToolChoice, ToolSpec

Speaker: TypeAlias = Literal["user", "assistant"]
DEFAULT_MAX_TOKENS = 8192
"""The bound of an answer whose request names none: what is reserved must be known before."""
_NEUTRAL: tuple[object, ...] = (None, [], {}, False, 0)  # values that ask for nothing
_REFUSALS = {
    Refusal.INVALID: (400, "invalid_request_error", None),
    Refusal.CONTEXT_OVERFLOW: (400, "invalid_request_error", "context_length_exceeded"),
    Refusal.NOT_FOUND: (404, "invalid_request_error", "not_found"),
    Refusal.TOO_LARGE: (413, "invalid_request_error", "request_too_large"),
    Refusal.TOO_SLOW: (408, "invalid_request_error", "timeout"),
    Refusal.OVER_BUDGET: (429, "insufficient_quota", "budget_exceeded"),
    Refusal.UNUSABLE: (403, "invalid_request_error", "model_unusable"),
    Refusal.PROVIDER: (503, "server_error", "provider_unavailable"),
    Refusal.GATEWAY: (500, "server_error", None),
}


class OpenAIDialect(ABC):
    """The half of a `Dialect` that is the same in both."""

    heartbeat = b": waiting\n\n"
    conversation: str  # the name of the list that holds it

    def decode(self, body: bytes, history: History | None = None) -> Incoming:
        """Decode a request."""
        return decode(body, self._incoming, (self.conversation, "tools"), history)

    def refuse(self, why: Refusal, message: str) -> Refused:
        """Say no."""
        status, kind, code = _REFUSALS[why]
        if why is Refusal.CONTEXT_OVERFLOW:
            message = f"the maximum context length is exceeded: {message}"
        error = {"message": message, "type": kind, "param": None, "code": code}
        return Refused(status, json.dumps({"error": error}).encode())

    @abstractmethod
    def _incoming(self, root: Field) -> Incoming:
        """Read a request. Raises: ValueError naming the first wrong field."""


def allow_only(root: Field, names: frozenset[str]) -> None:
    """Refuse a request with any other field, unless its value asks for nothing."""
    for name in root.names():
        if name not in names and root.get(name).value not in _NEUTRAL:
            raise ValueError(f"{name}: not supported by this gateway; leave it out")


def add_turn(messages: list[Message], said: Message) -> None:
    """Add to a conversation; what the same side says in a row is one turn."""
    if messages and messages[-1].role == said.role:
        said = Message(said.role, (*messages.pop().content, *said.content))
    messages.append(said)


def picture(url: Field) -> Image:
    """Read a picture that is its own address."""
    head, comma, data = url.text().partition(",")
    if (
        len(head) > MAX_NAME
        or not comma
        or not head.startswith("data:")
        or not head.endswith(";base64")
    ):
        raise ValueError(
            f"{url.path}: the gateway fetches nothing; send the picture as a data: URL"
        )
    return Image(head.removeprefix("data:").removesuffix(";base64"), data)


def tool_choice(choice: Field, parallel: Field, *, inside: str = "") -> ToolChoice:
    """Read whether functions may or must be used; a named one may lie `inside` a field."""
    in_parallel = parallel.is_absent or parallel.boolean()
    if choice.is_absent:
        return ToolChoice(parallel=in_parallel)
    if isinstance(choice.value, str):
        word = choice.one_of("auto", "none", "required")
        kind = "any" if word == "required" else word
        return ToolChoice(kind, parallel=in_parallel)  # type: ignore[arg-type]
    choice["type"].one_of("function")
    named = choice[inside] if inside else choice
    return ToolChoice("tool", named["name"].text(most=MAX_NAME), in_parallel)


def refuse_other_tools(tool: Field) -> None:
    """Refuse a tool that is no function of the agent's own."""
    if (kind := tool["type"].text()) != "function":
        raise ValueError(
            f"{tool.path}.type: tools run by the provider are not supported by this gateway, "
            f"not {kind!r}; offer functions"
        )


def function(field: Field) -> ToolSpec:
    """Read what a function is called, does and takes."""
    schema, strict = field.get("parameters"), field.get("strict")
    return ToolSpec(
        field["name"].text(),
        field.get("description").text_or(""),
        {"type": "object", "properties": {}} if schema.is_absent else schema.mapping(),
        is_strict=not strict.is_absent and strict.boolean(),
    )
