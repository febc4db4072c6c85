"""The tools an agent offers: what they can do, calls phrased for them, and calls read back.

Calls leave here without an id: the provider numbers them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dgm.gateway.builtin.heredocs import read_writing, writing
from dgm.gateway.builtin.toolshapes import DEFAULT_BATCH, ToolShape
from dgm.gateway.builtin.verbs import Action, Locate, Overwrite, Replace, Run, Try, Verb, View
from dgm.gateway.wire import ToolSpec, ToolUse


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
            for kind, ability in ToolShape.of(spec).abilities().items():
                found.setdefault(kind, ability)
        return cls(**found)

    @property
    def can_view_lines(self) -> bool:
        """Whether the viewer takes a range of lines."""
        return self.viewer is not None and bool({"first", "range"} & set(self.viewer.words))

    @property
    def writes_by_shell(self) -> bool:
        """Whether the shell must do for writing files, for want of any tool for that."""
        writers = (self.creator, self.overwriter, self.replacer, self.batch)
        return self.shell is not None and not any(writers)

    @property
    def can_overwrite(self) -> bool:
        """Whether a file can be given a whole new text."""
        return self.overwriter is not None or self.writes_by_shell

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
        return verb.call(path=path, text=text) if verb else self._write(path, text)

    def overwrite(self, path: str, text: str) -> ToolUse | None:
        """Give a file a whole new text."""
        verb = self.overwriter
        return verb.call(path=path, text=text) if verb else self._write(path, text)

    def _write(self, path: str, text: str) -> ToolUse | None:
        return self.run(writing(path, text)) if self.writes_by_shell else None

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


def _read_run(_: Verb, values: Mapping[str, Any]) -> Run | Overwrite | None:
    found = _strings(values, "command")
    return (read_writing(*found) or Run(*found)) if found else None


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
