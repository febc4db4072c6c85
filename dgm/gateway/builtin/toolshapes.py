"""Recognise what a tool is for by the shape of its schema, never by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dgm.gateway.builtin.verbs import Verb
from dgm.gateway.wire import ToolSpec

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
class ToolShape:
    """A tool's schema, taken apart once."""

    spec: ToolSpec
    properties: Mapping[str, Mapping[str, Any]]
    required: frozenset[str]

    @classmethod
    def of(cls, spec: ToolSpec) -> ToolShape:
        """Take a schema apart; what is malformed counts as absent."""
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
