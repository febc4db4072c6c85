"""Arithmetic, numbers, indexes, slices and ranges: off by one and its kin."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dgm.gateway.builtin.operators.source import Edit, Source

_ARITHMETIC: dict[type[ast.operator], tuple[str, tuple[str, ...]]] = {
    ast.Add: ("+", ("-", "*")),
    ast.Sub: ("-", ("+",)),
    ast.Mult: ("*", ("/", "+", "**")),
    ast.Div: ("/", ("//", "*")),
    ast.FloorDiv: ("//", ("/", "%")),
    ast.Mod: ("%", ("//",)),
    ast.Pow: ("**", ("*",)),
    ast.BitAnd: ("&", ("|", "^", "-")),
    ast.BitOr: ("|", ("&", "^")),
    ast.BitXor: ("^", ("|", "&")),
    ast.LShift: ("<<", (">>",)),
    ast.RShift: (">>", ("<<",)),
}
_UNORDERED = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)


def _binaries(source: Source) -> Iterator[ast.BinOp]:
    for node in source.nodes:
        if isinstance(node, ast.BinOp) and not isinstance(node.left, ast.JoinedStr):
            yield node


def other_arithmetic(source: Source) -> Iterator[Edit]:
    """`a + b` becomes `a - b` ..."""
    for node in _binaries(source):
        old, others = _ARITHMETIC.get(type(node.op), ("", ()))
        for rank, new in enumerate(others):
            yield from source.between(node.left, node.right, old, new, 1.0 if rank == 0 else 0.5)


def other_update(source: Source) -> Iterator[Edit]:
    """`a += b` becomes `a -= b` or `a = b`; `a = b` becomes `a += b`."""
    for node in source.nodes:
        if isinstance(node, ast.AugAssign):
            old, others = _ARITHMETIC.get(type(node.op), ("", ()))
            for new in (*others[:1], ""):
                yield from source.between(node.target, node.value, f"{old}=", f"{new}=")
        elif isinstance(node, ast.Assign) and source.enclosing(node, (ast.For, ast.While)):
            yield from source.between(node.targets[-1], node.value, "=", "+=")


def swapped_operands(source: Source) -> Iterator[Edit]:
    """`a - b` becomes `b - a`."""
    for node in _binaries(source):
        if not isinstance(node.op, _UNORDERED) or not isinstance(node.right, ast.Constant):
            middle = source.text[source.end(node.left) : source.start(node.right)]
            weight = 0.6 if isinstance(node.op, _UNORDERED) else 1.0
            new = f"{source.of(node.right)}{middle}{source.of(node.left)}"
            yield source.swap(node, new, weight)


def dropped_term(source: Source) -> Iterator[Edit]:
    """`a + b` becomes `a`, or `b`."""
    for node in _binaries(source):
        yield source.swap(node, source.of(node.left))
        yield source.swap(node, source.of(node.right), 0.4)


def regrouped_terms(source: Source) -> Iterator[Edit]:
    """`a + b * c` becomes `(a + b) * c`."""
    for node in _binaries(source):
        right, left = node.right, node.left
        if isinstance(right, ast.BinOp):
            start, end = source.start(node), source.end(right.left)
            yield Edit(start, end, f"({source.text[start:end]})")
        if isinstance(left, ast.BinOp):
            start, end = source.start(left.right), source.end(node)
            yield Edit(start, end, f"({source.text[start:end]})")


def other_number(source: Source) -> Iterator[Edit]:
    """`1` becomes `2`, `0`, `-1` ..."""
    for node in source.nodes:
        if not isinstance(node, ast.Constant) or type(node.value) not in (int, float):
            continue
        value: float = node.value  # type: ignore[assignment]
        if isinstance(above := source.parents.get(node), ast.UnaryOp):
            yield source.swap(above, source.of(node))
        near = (value + 1, value - 1)
        far = (-value, value * 10, value / 10 if type(value) is float else value // 10)
        for new, weight in [(n, 1.0) for n in near] + [(n, 0.2) for n in far]:
            if new != value:
                text = repr(new)
                yield source.swap(node, f"({text})" if new < 0 and above else text, weight)


def shifted_index(source: Source) -> Iterator[Edit]:
    """`x[i]` becomes `x[i - 1]`, `x[i + 1]`; `x[0]` becomes `x[-1]`."""
    for node in source.nodes:
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            index = source.of(node.slice)
            if isinstance(node.slice, ast.Constant):
                if node.slice.value == 0:
                    yield source.swap(node.slice, "-1")
            elif isinstance(node.slice, ast.UnaryOp):
                yield source.swap(node.slice, "0")
            elif isinstance(node.slice, ast.Name | ast.BinOp):
                yield source.swap(node.slice, f"{index} - 1")
                yield source.swap(node.slice, f"{index} + 1")


def shifted_slice(source: Source) -> Iterator[Edit]:
    """`x[a:b]` becomes `x[a + 1:b]`, `x[a:b - 1]`, `x[:b]`, `x[a:]` ..."""
    for node in source.nodes:
        if not isinstance(node, ast.Slice):
            continue
        for bound in filter(None, (node.lower, node.upper)):
            text = source.of(bound)
            yield source.swap(bound, "", 0.7)
            if not isinstance(bound, ast.Constant):
                yield source.swap(bound, f"{text} + 1")
                yield source.swap(bound, f"{text} - 1")
        begin = source.start(node)
        colon = source.text.find(":", source.end(node.lower) if node.lower else begin)
        if colon >= 0 and node.lower is None:
            yield Edit(colon, colon, "1", 0.7)
        if colon >= 0 and node.upper is None:
            yield Edit(colon + 1, colon + 1, "-1", 0.7)


def shifted_range(source: Source) -> Iterator[Edit]:
    """`range(n)` becomes `range(n + 1)`, `range(n - 1)`, `range(1, n)`, `range(1, n + 1)`."""
    for node in source.nodes:
        if not isinstance(node, ast.Call) or not node.args or source.of(node.func) != "range":
            continue
        bounds = node.args[:2]
        for bound in bounds:
            if not isinstance(bound, ast.Constant):
                yield source.swap(bound, f"{source.of(bound)} + 1")
                yield source.swap(bound, f"{source.of(bound)} - 1")
        first = source.of(bounds[0])
        if len(bounds) == 1:
            yield source.swap(bounds[0], f"1, {first}")
            yield source.swap(bounds[0], f"1, {first} + 1")
            yield source.swap(bounds[0], f"{first} - 1, -1, -1", 0.4)


def shifted_value(source: Source) -> Iterator[Edit]:
    """A returned or assigned `x` becomes `x + 1` or `x - 1`; `len(x)` becomes `len(x) - 1`."""
    for node in source.nodes:
        value = node.value if isinstance(node, ast.Return | ast.Assign) else None
        if isinstance(node, ast.Call) and source.of(node.func) == "len":
            value = node
        if isinstance(value, ast.BinOp | ast.Call):
            yield source.swap(value, f"{source.of(value)} - 1")
            yield source.swap(value, f"{source.of(value)} + 1")


def bounded_value(source: Source) -> Iterator[Edit]:
    """A difference becomes `max(0, a - b)` or `abs(a - b)`."""
    for node in _binaries(source):
        if isinstance(node.op, ast.Sub):
            yield source.swap(node, f"max(0, {source.of(node)})")
            yield source.swap(node, f"abs({source.of(node)})")
