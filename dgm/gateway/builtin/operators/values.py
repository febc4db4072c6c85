"""Values: strings, initial values, and what is put around an expression or taken off it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dgm.gateway.builtin.operators.source import Edit, Source

_SEPARATORS = ("", " ", ",", ", ", "\n", ".", ":", "-", "_", "/")
_INITIAL = ("0", "1", "-1", "None", "float('inf')", "float('-inf')", "[]", "''", "{}", "set()")
_REMOVABLE = (
    "abs", "bool", "dict", "float", "frozenset", "int", "list", "reversed", "round", "set",
    "sorted", "str", "tuple",
)  # fmt: skip
_TEXT_METHODS = ("strip", "lower", "upper", "rstrip", "lstrip", "casefold", "copy", "title")
_PLAIN = (ast.Name, ast.Attribute, ast.Subscript)


def other_string(source: Source) -> Iterator[Edit]:
    """A separator becomes another one; any short text is tried without one of its ends."""
    for node in source.nodes:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if isinstance(source.parents.get(node), ast.Expr | ast.JoinedStr):
            continue
        old = node.value
        if old in _SEPARATORS:
            yield from (source.swap(node, repr(new)) for new in _SEPARATORS if new != old)
        elif len(old) <= 12:
            for new in (old.lower(), old.upper(), old.strip(), old[1:], old[:-1]):
                if new != old:
                    yield source.swap(node, repr(new), 0.7)


def split_on_spaces(source: Source) -> Iterator[Edit]:
    """`split()` becomes `split(' ')`, `split(x)` becomes `split()` or `split(x, 1)`."""
    for node in source.nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in ("split", "rsplit"):
            head = source.of(node.func)
            if len(node.args) == 1:
                yield source.swap(node, f"{head}()")
                yield source.swap(node, f"{head}({source.of(node.args[0])}, 1)")
                yield source.swap(node, f"{source.of(node.func.value)}.splitlines()", 0.4)
            elif len(node.args) == 2:
                yield source.swap(node, f"{head}({source.of(node.args[0])})")


def other_initial_value(source: Source) -> Iterator[Edit]:
    """`best = 0` becomes `best = None`, `best = float('-inf')` ..."""
    for node in source.nodes:
        if not isinstance(node, ast.Assign) or not source.enclosing(node, (ast.FunctionDef,)):
            continue
        old = source.of(node.value)
        if old in _INITIAL or isinstance(node.value, ast.Constant | ast.List | ast.Dict):
            yield from (source.swap(node.value, new) for new in _INITIAL if new != old)
        elif isinstance(node.value, ast.Subscript | ast.Call | ast.UnaryOp):
            yield source.swap(node.value, "0", 0.5)


def unwrapped(source: Source) -> Iterator[Edit]:
    """`int(x)` becomes `x`, `x.strip()` becomes `x`."""
    for node in source.nodes:
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in _REMOVABLE and node.args:
            yield source.swap(node, source.of(node.args[0]))
        elif isinstance(node.func, ast.Attribute) and node.func.attr in _TEXT_METHODS:
            yield source.swap(node, source.of(node.func.value))


def copied(source: Source) -> Iterator[Edit]:
    """A value that is stored, yielded or returned becomes a copy of itself."""
    for node in source.nodes:
        for value in _handed_on(node):
            if isinstance(value, _PLAIN) and not _is_text(value):
                text = source.of(value)
                yield source.swap(value, f"list({text})")
                yield source.swap(value, f"dict({text})", 0.5)
                yield source.swap(value, f"sorted({text})", 0.4)
                yield source.swap(value, f"set({text})", 0.2)
            elif isinstance(value, ast.Call | ast.List | ast.ListComp):
                yield source.swap(value, f"sorted({source.of(value)})", 0.5)


def _handed_on(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
            return [value]
        case ast.Assign(value=value):
            return [value]
        case ast.Call(func=ast.Attribute(attr="append" | "add"), args=[value]):
            return [value]
    return []


def other_iteration(source: Source) -> Iterator[Edit]:
    """A loop runs backwards, over a copy, in sorted order, or with its index."""
    for node in source.nodes:
        if isinstance(node, ast.For | ast.comprehension):
            text = source.of(node.iter)
            yield source.swap(node.iter, f"reversed({text})")
            yield source.swap(node.iter, f"list({text})", 0.7)
            yield source.swap(node.iter, f"sorted({text})")
            yield source.swap(node.iter, f"{text}[1:]", 0.5)
            yield source.swap(node.iter, f"{text}.items()", 0.5)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def normalised(source: Source) -> Iterator[Edit]:
    """A text that is compared, looked up, split or converted is stripped or lowered first."""
    for node in source.nodes:
        for value in _compared(node):
            text = source.of(value)
            yield source.swap(value, f"{text}.strip()")
            yield source.swap(value, f"{text}.lower()")
            yield source.swap(value, f"int({text})", 0.5)
            yield source.swap(value, f"str({text})", 0.3)


def _compared(node: ast.AST) -> list[ast.expr]:
    found: list[ast.expr] = []
    match node:
        case ast.Compare(left=left, comparators=[right], ops=[ast.Eq() | ast.NotEq() | ast.In()]):
            found = [left, right]
        case ast.Assign(targets=[ast.Name()], value=value) | ast.Return(value=ast.expr() as value):
            found = [value]
        case ast.Assign(targets=[ast.Subscript(slice=key)], value=value):
            found = [key, value]
        case ast.Call(func=ast.Attribute(attr="split" | "splitlines", value=value)):
            found = [value]
        case ast.Call(func=ast.Attribute(), args=[*args]):
            found = list(args)
    return [value for value in found if isinstance(value, (*_PLAIN, ast.Call))]


def rounded(source: Source) -> Iterator[Edit]:
    """A quotient is rounded, up or down; a sum is taken of whole numbers."""
    for node in source.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv):
            left, right = source.of(node.left), source.of(node.right)
            yield source.swap(node, f"-(-{left} // {right})")
            yield source.swap(node, f"round({left} / {right})")


def other_exception(source: Source) -> Iterator[Edit]:
    """`except KeyError` catches more."""
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            old = source.of(node.type)
            for new in ("Exception", f"({old}, ValueError)", f"({old}, TypeError)", "KeyError"):
                if new != old and not isinstance(node.type, ast.Tuple):
                    yield source.swap(node.type, new)
