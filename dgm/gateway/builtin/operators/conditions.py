"""Comparisons, conditions and boolean operators."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from dgm.gateway.builtin.operators.source import Edit, Source

_COMPARISONS = {
    ast.Lt: ("<", ("<=", ">", ">=")),
    ast.LtE: ("<=", ("<", ">=", "==", ">")),
    ast.Gt: (">", (">=", "<", "<=", "!=")),
    ast.GtE: (">=", (">", "<=", "==", "<")),
    ast.Eq: ("==", ("!=", ">=", "<=")),
    ast.NotEq: ("!=", ("==", ">", "<")),
    ast.In: ("in", ("not in", "==")),
    ast.NotIn: ("not in", ("in",)),
    ast.Is: ("is", ("is not", "==")),
    ast.IsNot: ("is not", ("is", "!=")),
}


def other_comparison(source: Source) -> Iterator[Edit]:
    """`a < b` becomes `a <= b`, `a > b` ...; the nearest relation first."""
    for node in source.nodes:
        if not isinstance(node, ast.Compare):
            continue
        operands = [node.left, *node.comparators]
        for at, operator in enumerate(node.ops):
            old, others = _COMPARISONS[type(operator)]
            for rank, new in enumerate(others):
                weight = 1.0 if rank == 0 else 0.35
                yield from source.between(operands[at], operands[at + 1], old, new, weight)


def shifted_bound(source: Source) -> Iterator[Edit]:
    """`a < b` becomes `a < b - 1` or `a < b + 1`."""
    for node in source.nodes:
        if isinstance(node, ast.Compare) and isinstance(
            node.ops[-1], ast.Lt | ast.LtE | ast.Gt | ast.GtE
        ):
            last = node.comparators[-1]
            if not isinstance(last, ast.Constant):
                yield source.swap(last, f"{source.of(last)} - 1")
                yield source.swap(last, f"{source.of(last)} + 1")


def _conditions(source: Source) -> Iterator[ast.expr]:
    for node in source.nodes:
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            yield node.test
        elif isinstance(node, ast.comprehension):
            yield from node.ifs


def negated_condition(source: Source) -> Iterator[Edit]:
    """`if c` becomes `if not (c)`, and the other way round."""
    for test in _conditions(source):
        parts = test.values if isinstance(test, ast.BoolOp) else []
        for part in (test, *parts):
            if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Not):
                yield source.swap(part, source.of(part.operand))
            elif not isinstance(part, ast.Compare):
                yield source.swap(part, f"not ({source.of(part)})")


def none_or_falsy(source: Source) -> Iterator[Edit]:
    """`if x` becomes `if x is not None`, `not x` becomes `x is None`, and back."""
    for node in source.nodes:
        if isinstance(node, ast.Compare) and _is_none(node.comparators[-1]):
            left = source.of(node.left)
            yield from _missing_key(source, node)
            yield source.swap(node, f"not {left}" if isinstance(node.ops[0], ast.Is) else left)
    for test in _conditions(source):
        for part in test.values if isinstance(test, ast.BoolOp) else [test]:
            if isinstance(part, ast.Name | ast.Attribute):
                yield source.swap(part, f"{source.of(part)} is not None")
            elif isinstance(part, ast.UnaryOp) and isinstance(part.operand, ast.Name):
                yield source.swap(part, f"{source.of(part.operand)} is None")


def _missing_key(source: Source, node: ast.Compare) -> Iterator[Edit]:
    """`d.get(k) is None` becomes `k not in d`."""
    match node.left:
        case ast.Call(func=ast.Attribute(value=box, attr="get"), args=[key]):
            word = "not in" if isinstance(node.ops[0], ast.Is) else "in"
            yield source.swap(node, f"{source.of(key)} {word} {source.of(box)}")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def none_default(source: Source) -> Iterator[Edit]:
    """`x or default` becomes `default if x is None else x`."""
    for node in source.nodes:
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and len(node.values) == 2:
            if isinstance(source.parents.get(node), ast.If | ast.While | ast.BoolOp):
                continue
            value, default = map(source.of, node.values)
            yield source.swap(node, f"({default} if {value} is None else {value})")


def other_connective(source: Source) -> Iterator[Edit]:
    """`and` becomes `or`, and back."""
    for node in source.nodes:
        if isinstance(node, ast.BoolOp):
            old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
            for left, right in pairwise(node.values):
                yield from source.between(left, right, old, new)


def dropped_operand(source: Source) -> Iterator[Edit]:
    """`a and b` becomes `a`, or `b`."""
    for node in source.nodes:
        if isinstance(node, ast.BoolOp):
            joint = " and " if isinstance(node.op, ast.And) else " or "
            for gone in node.values:
                rest = [source.of(value) for value in node.values if value is not gone]
                yield source.swap(node, joint.join(rest))


def added_operand(source: Source) -> Iterator[Edit]:
    """`if f(x[i])` is guarded: `if i < len(x) and ...`, `while x and ...`, `if x and x[0] ...`."""
    for test in _conditions(source):
        for node in ast.walk(test):
            if not isinstance(node, ast.Subscript) or isinstance(node.slice, ast.Slice):
                continue
            box, index, whole = map(source.of, (node.value, node.slice, test))
            if isinstance(node.slice, ast.Constant | ast.UnaryOp):
                yield source.swap(test, f"{box} and ({whole})")
            else:
                yield source.swap(test, f"{index} < len({box}) and ({whole})")
                yield source.swap(test, f"{index} in {box} and ({whole})", 0.5)


def other_truth(source: Source) -> Iterator[Edit]:
    """`True` becomes `False`, and back."""
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield source.swap(node, str(not node.value))
