"""What a change to an agent is, and the anchors by which it finds its place.

A change is made of the texts of a repository alone, and finds its place by structure: it stays
possible after other changes, or says that it is not.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from dgm import syntax

Files: TypeAlias = Mapping[str, str]
Edits: TypeAlias = Mapping[str, str | None]

_FILLERS = re.compile(r"the|and|for|but|not|its?|that|this|with|from|one|model|agent|tell|let")


class NotApplicableError(Exception):
    """The repository has no place for this change, or it is there already."""


@dataclass(frozen=True, slots=True)
class Change:
    """One possible change: new texts by path, where None removes the file."""

    title: str
    words: frozenset[str]
    edits: Edits


Entry: TypeAlias = Callable[[Files], Iterator[Change]]


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text that say something, lower case, without a plural s."""
    words = (word.rstrip("s") for word in re.findall(r"[a-z]{3,}", text.lower()))
    return frozenset(word for word in words if not _FILLERS.fullmatch(word))


def entry(title: str, words: str, edit: Callable[[Files], Edits]) -> Entry:
    """Make an entry of the catalogue that offers one change at most."""

    def offer(files: Files) -> Iterator[Change]:
        try:
            edits = edit(files)
        except NotApplicableError:
            return
        yield Change(title, words_of(f"{title} {words}"), edits)

    return offer


def is_test(path: str) -> bool:
    """Say whether a path belongs to the agent's own tests."""
    return re.search(r"(^|/)(tests?|conftest)(/|_|\.)", path) is not None


def find(files: Files, *patterns: str) -> str:
    """Return the first path outside the tests whose text matches every pattern.

    Raises: NotApplicableError if there is none.
    """
    for path in sorted(files):
        if not is_test(path) and all(re.search(p, files[path], re.MULTILINE) for p in patterns):
            return path
    raise NotApplicableError(f"no file matches {patterns}")


@dataclass(frozen=True, slots=True)
class Code:
    """A Python text that is changed at anchors; each must match exactly one line.

    Every method raises NotApplicableError where its anchor is missing or ambiguous.
    """

    text: str

    def without(self, *marks: str) -> Code:
        """Refuse a text in which the change is there already."""
        if any(mark in self.text for mark in marks):
            raise NotApplicableError(f"{marks} is there already")
        return self

    def before(self, pattern: str, lines: str) -> Code:
        """Insert lines before the one that matches, at its indentation."""
        line = self._line(pattern)
        return self._splice(line, line, _indented(lines, self._lines()[line]))

    def after(self, pattern: str, lines: str) -> Code:
        """Insert lines after the one that matches, at its indentation."""
        line = self._line(pattern)
        return self._splice(line + 1, line + 1, _indented(lines, self._lines()[line]))

    def replacing(self, pattern: str, text: str) -> Code:
        """Exchange the only match of a pattern; `text` may refer to its groups."""
        if len(re.findall(pattern, self.text, re.MULTILINE)) != 1:
            raise NotApplicableError(f"{pattern} does not match once")
        return Code(re.sub(pattern, text, self.text, flags=re.MULTILINE))

    def redefining(self, name: str, source: str) -> Code:
        """Exchange a top-level function for another text."""
        for node in _parse(self.text).body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                return self._splice(node.lineno - 1, node.end_lineno or node.lineno, source)
        raise NotApplicableError(f"there is no function {name}")

    def importing(self, module: str) -> Code:
        """Import a standard module, unless that is done already."""
        if re.search(rf"^import {module}$", self.text, re.MULTILINE):
            return self
        for node in _parse(self.text).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                return self._splice(node.lineno - 1, node.lineno - 1, f"import {module}\n")
        raise NotApplicableError("there are no imports")

    def ending_with(self, source: str) -> Code:
        """Append a definition."""
        return Code(f"{self.text.rstrip()}\n\n\n{source}")

    def _lines(self) -> list[str]:
        return self.text.splitlines(keepends=True)

    def _line(self, pattern: str) -> int:
        found = [n for n, line in enumerate(self._lines()) if re.search(pattern, line)]
        if len(found) != 1:
            raise NotApplicableError(f"{pattern} matches {len(found)} lines, not one")
        return found[0]

    def _splice(self, start: int, end: int, text: str) -> Code:
        lines = self._lines()
        return Code("".join([*lines[:start], text, *lines[end:]]))


def _indented(lines: str, model: str) -> str:
    margin = model[: len(model) - len(model.lstrip())]
    return textwrap.indent(lines.rstrip("\n") + "\n", margin)


def _parse(text: str) -> ast.Module:
    try:
        return syntax.parse(text)
    except (SyntaxError, ValueError) as error:
        raise NotApplicableError("the file is no Python") from error
