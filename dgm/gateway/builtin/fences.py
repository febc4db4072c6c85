"""Agents that offer no tool, and run the one fenced block of shell commands in each answer.

Their conversation is read as if they had offered a shell, and what would be called there is said in
a block. Not covered: files with such fences in them; no block could hold their text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from dgm.gateway.builtin.heredocs import parted, read_writing
from dgm.gateway.wire import Block, Message, Request, Text, ToolResult, ToolSpec, ToolUse

_EXAMPLE = re.compile(r"^```(\w*(?:bash|shell)\w*|sh)[ \t]*$", re.MULTILINE)
_SHELL = ToolSpec(
    "shell", "", {"properties": {"command": {"type": "string"}}, "required": ["command"]}
)
_DONE = "[exit code 0]"


@dataclass(frozen=True, slots=True)
class Fences:
    """The kind of block an agent looks for, by the word that opens it."""

    word: str

    @classmethod
    def of(cls, request: Request) -> Fences | None:
        """Find the kind in what the agent tells the model; None where tools are offered."""
        told = "\n".join((request.system, *_texts(request.messages[0].content)))
        example = None if request.tools else _EXAMPLE.search(told)
        return cls(example[1]) if example else None

    def opened(self, request: Request) -> Request:
        """Read blocks as calls of a shell, and what the agent says next as their results."""
        messages: list[Message] = []
        waiting: tuple[ToolUse, ...] = ()
        for number, message in enumerate(request.messages):
            if message.role == "assistant":
                waiting = tuple(self._calls(message, number))
                messages.append(Message("assistant", (*message.content, *waiting)))
            else:
                messages.append(_answered(message, waiting))
                waiting = ()
        return replace(request, messages=tuple(messages), tools=(_SHELL,))

    def closed(self, blocks: Iterable[Text | ToolUse]) -> tuple[Text, ...]:
        """Say texts and calls as one text with one block: files to write, then one command."""
        blocks = tuple(blocks)
        commands: list[str] = []
        for block in blocks:
            if isinstance(block, ToolUse):
                commands.append(str(block.input["command"]))
                if read_writing(commands[-1]) is None:
                    break
        said = list(_texts(blocks))
        if commands:
            said.append("\n".join((f"```{self.word}", *commands, "```")))
        return (Text("\n\n".join(said)),)

    def _calls(self, message: Message, number: int) -> Iterator[ToolUse]:
        said = "\n".join(_texts(message.content))
        block = re.search(rf"^```{self.word}\s*\n(.*?)\n```", said, re.MULTILINE | re.DOTALL)
        for place, command in enumerate(parted(block[1]) if block else ()):
            yield ToolUse(f"block_{number}_{place}", _SHELL.name, {"command": command})


def _texts(blocks: Iterable[Block]) -> Iterator[str]:
    return (block.text for block in blocks if isinstance(block, Text))


def _answered(message: Message, uses: tuple[ToolUse, ...]) -> Message:
    """Give what was said to the last of the commands; those before it went well."""
    if not uses:
        return message
    *before, last = uses
    results = [ToolResult(use.id, _DONE) for use in before]
    said = "\n".join(_texts(message.content))
    return Message("user", (*results, ToolResult(last.id, said)))
