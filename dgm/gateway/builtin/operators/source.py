"""A Python text with its syntax tree, and edits that keep all other text as it is."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from dgm import syntax

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Loop: TypeAlias = ast.For | ast.While


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `new` in the place of the characters from `start` to `end`.

    `weight` scales the prior of the operator that made it.
    """

    start: int
    end: int
    new: str
    weight: float = 1.0


Operator: TypeAlias = Callable[["Source"], Iterator[Edit]]


class Source:
    """A parsed text; positions are character offsets. Raises: SyntaxError, ValueError."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = syntax.parse(text)
        self.nodes = tuple(ast.walk(self.tree))
        self._lines = text.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def _offset(self, line: int, column: int) -> int:
        """Turn a line (from 1) and a column in UTF-8 bytes into an offset."""
        text = self._lines[line - 1]
        if not text.isascii():
            column = len(text.encode()[:column].decode(errors="ignore"))
        return self._starts[line - 1] + column

    def start(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        """Return where a node begins."""
        return self._offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        """Return where a node ends."""
        return self._offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def of(self, node: ast.expr | ast.stmt | ast.arg) -> str:
        """Return a node's own text."""
        return self.text[self.start(node) : self.end(node)]

    def line_of(self, offset: int) -> int:
        """Return the number of the line an offset lies in."""
        return self.text.count("\n", 0, offset) + 1

    def swap(self, node: ast.expr | ast.stmt, new: str, weight: float = 1.0) -> Edit:
        """Put other text in a node's place."""
        return Edit(self.start(node), self.end(node), new, weight)

    def between(
        self, left: ast.expr, right: ast.expr, old: str, new: str, weight: float = 1.0
    ) -> Iterator[Edit]:
        """Exchange an operator between two operands; nothing if it is not found there."""
        begin = self.text.find(old, self.end(left), self.start(right))
        if begin >= 0:
            yield Edit(begin, begin + len(old), new, weight)

    def indent(self, statement: ast.stmt) -> str:
        """Return the white space before a statement that begins its line."""
        line = self._lines[statement.lineno - 1]
        return line[: len(line) - len(line.lstrip())]

    def block_start(self, statement: ast.stmt) -> int:
        """Return the offset of a statement's first line."""
        return self._starts[statement.lineno - 1]

    def block_end(self, statement: ast.stmt) -> int:
        """Return the offset after a statement's last line."""
        return self._starts[statement.end_lineno or statement.lineno]

    def block(self, first: ast.stmt, last: ast.stmt | None = None) -> str:
        """Return the whole lines of one or several consecutive statements."""
        return self.text[self.block_start(first) : self.block_end(last or first)]

    def insert_before(self, statement: ast.stmt, line: str, weight: float = 1.0) -> Edit:
        """Put a new line before a statement, indented like it."""
        at = self.block_start(statement)
        return Edit(at, at, f"{self.indent(statement)}{line}\n", weight)

    def insert_after(self, statement: ast.stmt, line: str, weight: float = 1.0) -> Edit:
        """Put a new line after a statement, indented like it."""
        at = self.block_end(statement)
        gap = "" if self.text[:at].endswith("\n") else "\n"
        return Edit(at, at, f"{gap}{self.indent(statement)}{line}\n", weight)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """All functions and methods."""
        return tuple(n for n in self.nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))

    @cached_property
    def bodies(self) -> tuple[tuple[ast.AST, list[ast.stmt]], ...]:
        """All statement lists with their owners, one statement per line in each."""
        found = []
        for node in self.nodes:
            for field in ("body", "orelse", "finalbody"):
                body = getattr(node, field, None)
                if isinstance(body, list) and body and self._stands_alone(body):
                    found.append((node, body))
        return tuple(found)

    def _stands_alone(self, body: list[ast.stmt]) -> bool:
        return all(
            isinstance(s, ast.stmt) and len(self.indent(s)) == s.col_offset for s in body
        ) and len({s.lineno for s in body}) == len(body)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Each node's parent."""
        return {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    def enclosing(self, node: ast.AST, kinds: tuple[type[ast.AST], ...]) -> ast.AST | None:
        """Return the nearest ancestor of one of the kinds."""
        above = self.parents.get(node)
        while above is not None and not isinstance(above, kinds):
            above = self.parents.get(above)
        return above


def locals_of(function: Function) -> tuple[str, ...]:
    """Return the names a function binds, parameters first."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    bound = [
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    return tuple(dict.fromkeys([argument.arg for argument in named] + bound))
