"""Wrong variables, attributes, arguments, methods and functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from dgm.gateway.builtin.operators.source import Edit, Source, locals_of

_METHODS = (
    ("append", "extend"),
    ("append", "appendleft"),
    ("append", "add"),
    ("strip", "lstrip", "rstrip"),
    ("find", "rfind", "index"),
    ("split", "rsplit"),
    ("partition", "rpartition"),
    ("keys", "values", "items"),
    ("startswith", "endswith"),
    ("pop", "popleft", "popitem"),
    ("add", "discard", "remove"),
    ("upper", "lower", "title", "casefold"),
    ("union", "intersection", "difference", "symmetric_difference"),
    ("update", "setdefault"),
    ("isdigit", "isalpha", "isalnum", "isdecimal", "isnumeric"),
    ("isupper", "islower"),
    ("ljust", "rjust", "center"),
    ("issubset", "issuperset"),
    ("read", "readline"),
    ("search", "match", "fullmatch"),
    ("days", "seconds"),
    ("seconds", "total_seconds()"),
    ("weekday", "isoweekday"),
    ("put", "put_nowait"),
)
_FUNCTIONS = (
    ("min", "max"),
    ("any", "all"),
    ("sum", "len"),
    ("int", "float", "round"),
    ("list", "set", "sorted"),
    ("floor", "ceil", "trunc"),
    ("bisect_left", "bisect_right", "bisect"),
    ("insort_left", "insort_right"),
    ("heappush", "heappushpop"),
    ("nlargest", "nsmallest"),
    ("permutations", "combinations"),
    ("zip", "zip_longest"),
    ("str", "repr"),
    ("ValueError", "KeyError", "TypeError", "IndexError"),
)


def _relatives(groups: tuple[tuple[str, ...], ...], name: str) -> list[str]:
    return [other for group in groups if name in group for other in group if other != name]


def other_method(source: Source) -> Iterator[Edit]:
    """`append` becomes `extend`, `keys` becomes `values` ..."""
    for node in source.nodes:
        if isinstance(node, ast.Attribute):
            end = source.end(node)
            for new in _relatives(_METHODS, node.attr):
                yield Edit(end - len(node.attr), end, new)


def other_function(source: Source) -> Iterator[Edit]:
    """`min` becomes `max`, `floor` becomes `ceil` ..."""
    for node in source.nodes:
        if isinstance(node, ast.Name):
            for new in _relatives(_FUNCTIONS, node.id):
                yield source.swap(node, new)
        elif isinstance(node, ast.Attribute):
            end = source.end(node)
            for new in _relatives(_FUNCTIONS, node.attr):
                yield Edit(end - len(node.attr), end, new)


def other_end(source: Source) -> Iterator[Edit]:
    """`pop()` becomes `pop(0)`, and back; `popleft()` becomes `pop()`."""
    for node in source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            receiver = source.of(node.func.value)
            if node.func.attr in ("pop", "popleft"):
                yield source.swap(node, f"{receiver}.pop({'' if node.args else '0'})")
            if node.func.attr == "append" and node.args:
                yield source.swap(node, f"{receiver}.insert(0, {source.of(node.args[0])})", 0.4)


def other_variable(source: Source) -> Iterator[Edit]:
    """A name becomes another one the function binds; the more there are, the less each counts."""
    for function in source.functions:
        known = [name for name in locals_of(function) if name not in ("self", "cls", "_")]
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in known:
                others = [name for name in known if name != node.id]
                for new in others:
                    yield source.swap(node, new, _share(len(others)))


def _share(options: int) -> float:
    return 2.0 / (1.0 + max(1, options))


def other_attribute(source: Source) -> Iterator[Edit]:
    """`self.a` becomes `self.b`, data for data and method for method; `self.a` becomes `a`."""
    kinds: dict[bool, dict[str, None]] = {True: {}, False: {}}
    sites = []
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            parent = source.parents.get(node)
            is_method = isinstance(parent, ast.Call) and parent.func is node
            if node.value.id == "self":
                kinds[is_method][node.attr] = None
            sites.append((node, is_method, node.value.id == "self"))
    for node, is_method, is_own in sites:
        others = [name for name in kinds[is_method] if name != node.attr] if is_own else []
        for new in others:
            end = source.end(node)
            yield Edit(end - len(node.attr), end, new, _share(len(others)))


def swapped_arguments(source: Source) -> Iterator[Edit]:
    """`f(a, b)` becomes `f(b, a)`; so do the sides of a pair."""
    for node in source.nodes:
        args = node.args if isinstance(node, ast.Call) else getattr(node, "elts", [])
        for left, right in pairwise(args):
            start, end = source.start(left), source.end(right)
            middle = source.text[source.end(left) : source.start(right)]
            new = f"{source.of(right)}{middle}{source.of(left)}"
            weight = 1.0 if isinstance(node, ast.Call | ast.Tuple) else 0.2
            yield Edit(start, end, new, weight)


def other_order(source: Source) -> Iterator[Edit]:
    """A sort is reversed, or not; its key is dropped, or its sign turned."""
    for node in source.nodes:
        if not isinstance(node, ast.Call):
            continue
        name = source.of(node.func).rsplit(".", 1)[-1]
        if name in ("sorted", "sort") and not any(k.arg == "reverse" for k in node.keywords):
            close = source.end(node) - 1
            comma = ", " if node.args or node.keywords else ""
            yield Edit(close, close, f"{comma}reverse=True")
        for keyword in node.keywords:
            if isinstance(keyword.value, ast.Lambda):
                yield from _other_key(source, keyword.value.body)
        if name == "reversed" and node.args:
            yield source.swap(node, source.of(node.args[0]))


def _other_key(source: Source, key: ast.expr) -> Iterator[Edit]:
    for part in key.elts if isinstance(key, ast.Tuple) else [key]:
        if isinstance(part, ast.UnaryOp):
            yield source.swap(part, source.of(part.operand))
        else:
            yield source.swap(part, f"-{source.of(part)}")
    if isinstance(key, ast.Tuple):
        for part in key.elts:
            yield source.swap(key, source.of(part), 0.5)


def other_default(source: Source) -> Iterator[Edit]:
    """The default of `.get`, `.pop`, `next`, or a parameter becomes another empty value."""
    for node in source.nodes:
        name = source.of(node.func).rsplit(".", 1)[-1] if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name in ("get", "pop", "next", "getattr", "setdefault"):
            if len(node.args) > 1:
                yield from _other_empties(source, node.args[-1])
            elif name == "get" and node.args:
                close = source.end(node) - 1
                yield from (Edit(close, close, f", {new}") for new in ("0", "''", "[]", "{}"))
        if isinstance(node, ast.arguments):
            for default in (*node.defaults, *filter(None, node.kw_defaults)):
                yield from _other_empties(source, default)


def _other_empties(source: Source, node: ast.expr) -> Iterator[Edit]:
    old = source.of(node)
    for new in ("0", "1", "None", "''", "[]", "{}", "True", "False"):
        if new != old:
            yield source.swap(node, new, 0.5)


def subscript_to_get(source: Source) -> Iterator[Edit]:
    """`d[k]` becomes `d.get(k)`, `d.get(k, 0)`."""
    for node in source.nodes:
        match node:
            case ast.Subscript(
                slice=ast.Name() | ast.Attribute() | ast.Constant() as index, ctx=ast.Load()
            ):
                box, key = source.of(node.value), source.of(index)
                yield source.swap(node, f"{box}.get({key})")
                yield source.swap(node, f"{box}.get({key}, 0)")
