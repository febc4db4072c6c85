"""Random changes of an agent's Python files: what a model does when it has no idea.

Each family offers every place it could strike; the improver draws one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TypeAlias

from dgm import syntax
from dgm.gateway.builtin.catalogue import Change, Entry, Files, is_test, words_of

_Spot: TypeAlias = tuple[ast.expr | ast.stmt, str]
_KEPT = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree from the top; f-strings are left out, their parts have no exact place."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.JoinedStr):
            yield node
            yield from _nodes(node)


def _numbers(tree: ast.Module) -> Iterator[_Spot]:
    for node in _nodes(tree):
        if isinstance(node, ast.Constant) and type(node.value) is int:
            yield node, str(node.value + 1)
            yield node, str(max(0, node.value - 1))


def _statements(tree: ast.Module) -> Iterator[_Spot]:
    for node in _nodes(tree):
        if isinstance(node, ast.stmt) and not isinstance(node, _KEPT):
            yield node, "pass"


def _conditions(tree: ast.Module) -> Iterator[_Spot]:
    for node in _nodes(tree):
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            yield node.test, f"not ({ast.unparse(node.test)})"


def _endings(tree: ast.Module) -> Iterator[_Spot]:
    for node in _nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.body[-1], "return ("


def _names(tree: ast.Module) -> Iterator[_Spot]:
    loads = [node for node in _nodes(tree) if isinstance(node, ast.Name)]
    names = sorted({node.id for node in loads})
    for place, node in enumerate(loads):
        if isinstance(node.ctx, ast.Load):
            yield node, names[place % len(names)]


def _texts(tree: ast.Module) -> Iterator[_Spot]:
    for node in _nodes(tree):
        if isinstance(node, ast.Call | ast.Subscript | ast.Dict):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.Constant) and isinstance(child.value, str):
                    yield child, repr(child.value[:-1])


def _arguments(tree: ast.Module) -> Iterator[_Spot]:
    for node in _nodes(tree):
        if isinstance(node, ast.Call) and len(node.args) > 1:
            yield node.args[-1], "None"


def _results(tree: ast.Module) -> Iterator[_Spot]:
    for node in _nodes(tree):
        if isinstance(node, ast.Return) and node.value:
            yield node.value, "None"


def _mutation(title: str, words: str, spots: Callable[[ast.Module], Iterator[_Spot]]) -> Entry:
    def offer(files: Files) -> Iterator[Change]:
        for path in sorted(files):
            if path.endswith(".py") and not is_test(path) and (tree := _parsed(files[path])):
                for node, new in spots(tree):
                    text = _exchanged(files[path], node, new)
                    name = f"{title} at {path}:{node.lineno}"
                    if text != files[path]:
                        yield Change(name, words_of(f"{title} {words} {path}"), {path: text})

    return offer


def _parsed(text: str) -> ast.Module | None:
    try:
        return syntax.parse(text)
    except (SyntaxError, ValueError):
        return None


def _exchanged(text: str, node: ast.expr | ast.stmt, new: str) -> str:
    lines = text.encode().splitlines(keepends=True)
    end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
    head = b"".join([*lines[: node.lineno - 1], lines[node.lineno - 1][: node.col_offset]])
    tail = b"".join([lines[end_line - 1][end_column:], *lines[end_line:]])
    return (head + new.encode() + tail).decode()


MUTATIONS: tuple[Entry, ...] = (
    _mutation("Change a number", "limit more less", _numbers),
    _mutation("Drop a statement", "simple shorter", _statements),
    _mutation("Turn a condition round", "wrong check", _conditions),
    _mutation("Use another name", "wrong variable", _names),
    _mutation("Shorten a text", "wrong key name", _texts),
    _mutation("Leave an argument open", "simple call", _arguments),
    _mutation("Return nothing", "simple result", _results),
    _mutation("Rewrite the end of a function", "return result loop", _endings),
)
