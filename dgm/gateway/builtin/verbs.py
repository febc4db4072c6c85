"""What tools can do: the meanings a call can have, and the verbs that phrase and read calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dgm.gateway.wire import ToolUse


@dataclass(frozen=True, slots=True)
class Run:
    """A shell command."""

    command: str


@dataclass(frozen=True, slots=True)
class View:
    """A look at a file, whole or from line `first` to line `last`."""

    path: str
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Overwrite:
    """A whole new text for a file."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Replace:
    """One passage of a file, exchanged for another."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Try:
    """Several edits, each to be tried by itself with a command."""

    edits: tuple[Replace, ...]
    command: str


@dataclass(frozen=True, slots=True)
class Locate:
    """A question for the most suspicious lines under a command."""

    command: str


Action = Run | View | Overwrite | Replace | Try | Locate


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing a tool can do: its name, its fixed fields, and our words for the others."""

    tool: str
    fixed: tuple[tuple[str, str], ...]
    words: Mapping[str, str]

    def call(self, **values: Any) -> ToolUse:  # noqa: ANN401 - JSON values
        """Phrase a call; a value of None is left out."""
        named = {self.words[word]: value for word, value in values.items() if value is not None}
        return ToolUse("", self.tool, dict(self.fixed) | named)

    def read(self, use: ToolUse) -> dict[str, Any] | None:
        """Return the call's values under our words, or None if it is not this verb."""
        if use.name != self.tool or any(use.input.get(key) != value for key, value in self.fixed):
            return None
        return {word: use.input[key] for word, key in self.words.items() if key in use.input}
