"""The tools an agent offers, recognised by the shape of their schemas, never by their names.

A `Verb` knows one tool in both directions: it phrases a call, and it reads a call back from the
conversation. Calls leave here without an id: the provider numbers them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dgm.gateway.wire import ToolSpec, ToolUse

DEFAULT_BATCH = 20

_COMMAND = ("command", "cmd")
_PATH = ("path", "file_path", "file", "filename")
_TEXT = ("content", "file_text", "contents", "text")
_OLD = ("old", "old_str", "old_string", "old_text")
_NEW = ("new", "new_str", "new_string", "new_text")
_FIRST = ("start_line", "first_line", "start")
_LAST = ("end_line", "last_line", "end")
_RANGE = ("view_range", "line_range", "range")
_VIEW = ("view", "read", "show", "cat")
_OVERWRITE = ("overwrite", "write", "edit", "create")
_CREATE = ("create", "write", "overwrite")
_REPLACE = ("replace", "str_replace", "edit")


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


@dataclass(frozen=True, slots=True)
class ToolBox:
    """What the offered tools can do; what is None is not offered.

    `batch_limit` is the number of candidates one call takes; `wants_absolute_paths` says that the
    file tool asks for them.
    """

    shell: Verb | None = None
    viewer: Verb | None = None
    creator: Verb | None = None
    overwriter: Verb | None = None
    replacer: Verb | None = None
    batch: Verb | None = None
    locator: Verb | None = None
    batch_limit: int = DEFAULT_BATCH
    wants_absolute_paths: bool = False

    @classmethod
    def of(cls, tools: Sequence[ToolSpec]) -> ToolBox:
        """Recognise the tools; the first of a kind wins, unknown ones are ignored."""
        found: dict[str, Any] = {}
        for spec in tools:
            for kind, ability in _Shape.of(spec).abilities().items():
                found.setdefault(kind, ability)
        return cls(**found)

    @property
    def can_view_lines(self) -> bool:
        """Whether the viewer takes a range of lines."""
        return self.viewer is not None and bool({"first", "range"} & set(self.viewer.words))

    def run(self, command: str) -> ToolUse | None:
        """Run a shell command."""
        return self.shell.call(command=command) if self.shell else None

    def view(self, path: str, first: int | None = None, last: int | None = None) -> ToolUse | None:
        """View a file; the range is left out where the viewer takes none."""
        if self.viewer is None:
            return None
        if first is None or not self.can_view_lines:
            return self.viewer.call(path=path)
        if "range" in self.viewer.words:
            return self.viewer.call(path=path, range=[first, -1 if last is None else last])
        return self.viewer.call(path=path, first=first, last=last)

    def create(self, path: str, text: str) -> ToolUse | None:
        """Write a file that is not there yet."""
        verb = self.creator or self.overwriter
        return verb.call(path=path, text=text) if verb else None

    def overwrite(self, path: str, text: str) -> ToolUse | None:
        """Give a file a whole new text."""
        return self.overwriter.call(path=path, text=text) if self.overwriter else None

    def replace(self, path: str, old: str, new: str) -> ToolUse | None:
        """Exchange one passage that occurs exactly once."""
        return self.replacer.call(path=path, old=old, new=new) if self.replacer else None

    def try_candidates(self, edits: Sequence[Replace], command: str) -> ToolUse | None:
        """Try edits one by one with a command; the first that passes stays."""
        if self.batch is None:
            return None
        words = self.batch.words
        items = [{words["path"]: e.path, words["old"]: e.old, words["new"]: e.new} for e in edits]
        return self.batch.call(edits=items, command=command)

    def locate(self, command: str) -> ToolUse | None:
        """Ask for the most suspicious lines."""
        return self.locator.call(command=command) if self.locator else None

    def understand(self, use: ToolUse) -> Action | None:
        """Read a call back into what it means; None if it is none of ours, or malformed."""
        for verb, meaning in (
            (self.locator, _read_locate),
            (self.batch, _read_try),
            (self.shell, _read_run),
            (self.replacer, _read_replace),
            (self.overwriter, _read_overwrite),
            (self.creator, _read_overwrite),
            (self.viewer, _read_view),
        ):
            values = verb.read(use) if verb else None
            if verb and values is not None and (action := meaning(verb, values)):
                return action
        return None


def _strings(values: Mapping[str, Any], *words: str) -> tuple[str, ...] | None:
    found = tuple(values.get(word) for word in words)
    return found if all(isinstance(value, str) for value in found) else None  # type: ignore[return-value]


def _read_run(_: Verb, values: Mapping[str, Any]) -> Run | None:
    found = _strings(values, "command")
    return Run(*found) if found else None


def _read_locate(_: Verb, values: Mapping[str, Any]) -> Locate | None:
    found = _strings(values, "command")
    return Locate(*found) if found else None


def _read_replace(_: Verb, values: Mapping[str, Any]) -> Replace | None:
    found = _strings(values, "path", "old", "new")
    return Replace(*found) if found else None


def _read_overwrite(_: Verb, values: Mapping[str, Any]) -> Overwrite | None:
    found = _strings(values, "path", "text")
    return Overwrite(*found) if found else None


def _read_view(_: Verb, values: Mapping[str, Any]) -> View | None:
    found = _strings(values, "path")
    if not found:
        return None
    ends = values.get("range") or (values.get("first"), values.get("last"))
    numbers = [end if isinstance(end, int) and end > 0 else None for end in [*ends, None, None]]
    return View(found[0], numbers[0], numbers[1])


def _read_try(verb: Verb, values: Mapping[str, Any]) -> Try | None:
    command, edits = values.get("command"), values.get("edits")
    if not isinstance(command, str) or not isinstance(edits, list):
        return None
    keys = (verb.words["path"], verb.words["old"], verb.words["new"])
    items = [_strings(item, *keys) for item in edits if isinstance(item, Mapping)]
    return Try(tuple(Replace(*item) for item in items if item), command)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A tool's schema, taken apart once."""

    spec: ToolSpec
    properties: Mapping[str, Mapping[str, Any]]
    required: frozenset[str]

    @classmethod
    def of(cls, spec: ToolSpec) -> _Shape:
        properties = spec.input_schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        typed = {key: value for key, value in properties.items() if isinstance(value, Mapping)}
        required = spec.input_schema.get("required")
        names = required if isinstance(required, list | tuple) else ()
        return cls(spec, typed, frozenset(name for name in names if isinstance(name, str)))

    def abilities(self) -> dict[str, Any]:
        """Return fields of a `ToolBox` this tool fills."""
        if batch := self._batch():
            return batch
        if self._first_of(_PATH):
            return self._file_verbs()
        command = self._first_of(_COMMAND)
        if command and self.required == {command} and "enum" not in self.properties[command]:
            suspicious = "suspicious" in self.spec.description.lower()
            kind = "locator" if suspicious else "shell"
            return {kind: Verb(self.spec.name, (), {"command": command})}
        return {}

    def _first_of(self, names: Sequence[str]) -> str | None:
        return next((name for name in names if name in self.properties), None)

    def _words(self, **wanted: Sequence[str]) -> dict[str, str]:
        found = {word: self._first_of(names) for word, names in wanted.items()}
        return {word: name for word, name in found.items() if name}

    def _batch(self) -> dict[str, Any]:
        command = self._first_of(_COMMAND)
        for name, schema in self.properties.items():
            items = schema.get("items")
            inner = items.get("properties") if isinstance(items, Mapping) else None
            if not command or not isinstance(inner, Mapping):
                continue
            words = {
                word: next((key for key in keys if key in inner), "")
                for word, keys in (("path", _PATH), ("old", _OLD), ("new", _NEW))
            }
            if all(words.values()):
                limit = schema.get("maxItems")
                verb = Verb(self.spec.name, (), words | {"edits": name, "command": command})
                size = limit if isinstance(limit, int) and limit > 0 else DEFAULT_BATCH
                return {"batch": verb, "batch_limit": size}
        return {}

    def _file_verbs(self) -> dict[str, Any]:
        words = self._words(path=_PATH, text=_TEXT, old=_OLD, new=_NEW)
        look = self._words(path=_PATH, first=_FIRST, last=_LAST, range=_RANGE)
        write = {word: name for word, name in words.items() if word in ("path", "text")}
        change = {word: name for word, name in words.items() if word != "text"}
        choices = self._choices()
        verbs = {
            "viewer": self._verb(_VIEW, look, choices),
            "overwriter": self._verb(_OVERWRITE, write, choices) if len(write) == 2 else None,
            "creator": self._verb(_CREATE, write, choices) if len(write) == 2 else None,
            "replacer": self._verb(_REPLACE, change, choices) if len(change) == 3 else None,
        }
        if not choices:
            verbs = self._single_purpose(verbs)
        absolute = re.search(r"\babsolute\b", str(self.properties[words["path"]]), re.IGNORECASE)
        found: dict[str, Any] = {kind: verb for kind, verb in verbs.items() if verb}
        return found | ({"wants_absolute_paths": True} if absolute else {})

    def _choices(self) -> dict[str, tuple[str, ...]]:
        """Return the enum properties that say what to do."""
        return {
            name: tuple(value for value in schema["enum"] if isinstance(value, str))
            for name, schema in self.properties.items()
            if isinstance(schema.get("enum"), list | tuple)
        }

    def _verb(
        self, names: Sequence[str], words: dict[str, str], choices: dict[str, tuple[str, ...]]
    ) -> Verb | None:
        if not choices:
            return Verb(self.spec.name, (), words)
        for key, values in choices.items():
            if chosen := next((name for name in names if name in values), None):
                return Verb(self.spec.name, ((key, chosen),), words)
        return None

    def _single_purpose(self, verbs: dict[str, Verb | None]) -> dict[str, Verb | None]:
        """Tell what a file tool without a choice of actions is for, by its parameters."""
        if verbs["replacer"]:
            return {"replacer": verbs["replacer"]}
        if verbs["overwriter"]:
            return {"overwriter": verbs["overwriter"]}
        looks = re.search(r"\b(view|read|show|display)", self.spec.description, re.IGNORECASE)
        return {"viewer": verbs["viewer"]} if looks else {}
