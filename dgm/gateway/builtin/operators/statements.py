"""Statements: missing, superfluous, in the wrong order, or in the wrong block."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from itertools import pairwise

from dgm.gateway.builtin.operators.source import Edit, Function, Source, locals_of

_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return, ast.Break, ast.Continue, ast.Raise)
_LOOPS = (ast.For, ast.While)
_EMPTIES = ("None", "0", "[]", "''", "False", "True", "{}")


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def deleted(source: Source) -> Iterator[Edit]:
    """A statement is gone."""
    for _, body in source.bodies:
        for node in body:
            if not isinstance(node, (*_SIMPLE, ast.If)) or _is_docstring(node):
                continue
            start, end = source.block_start(node), source.block_end(node)
            new = f"{source.indent(node)}pass\n" if len(body) == 1 else ""
            yield Edit(start, end, new)


def unwrapped_block(source: Source) -> Iterator[Edit]:
    """`if c: body` becomes `body`."""
    for _, body in source.bodies:
        for node in body:
            if isinstance(node, ast.If) and not node.orelse and node.body[0].lineno > node.lineno:
                inner = textwrap.dedent(source.block(node.body[0], node.body[-1]))
                start, end = source.block_start(node), source.block_end(node)
                yield Edit(start, end, textwrap.indent(inner, source.indent(node)))


def swapped_statements(source: Source) -> Iterator[Edit]:
    """Two neighbours change places."""
    for _, body in source.bodies:
        for first, second in pairwise(body):
            if _is_docstring(first) or isinstance(first, ast.FunctionDef | ast.ClassDef):
                continue
            if isinstance(first, ast.Import | ast.ImportFrom):
                continue
            start, end = source.block_start(first), source.block_end(second)
            gap = source.text[source.block_end(first) : source.block_start(second)]
            yield Edit(start, end, _whole(source.block(second)) + gap + source.block(first))


def _whole(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


def dedented(source: Source) -> Iterator[Edit]:
    """The last statement of a block moves out of it."""
    for owner, body in source.bodies:
        if len(body) > 1 and isinstance(owner, (*_LOOPS, ast.If, ast.With, ast.Try)):
            last = body[-1]
            text = textwrap.dedent(source.block(last))
            new = textwrap.indent(text, source.indent(owner))
            yield Edit(source.block_start(last), source.block_end(last), new)


def indented(source: Source) -> Iterator[Edit]:
    """A statement moves into the block before it, or into its last inner block."""
    for _, body in source.bodies:
        for block, node in pairwise(body):
            for depth in _last_blocks(source, block):
                text = textwrap.indent(textwrap.dedent(source.block(node)), depth)
                yield Edit(source.block_start(node), source.block_end(node), text)


def _last_blocks(source: Source, node: ast.stmt) -> Iterator[str]:
    """Yield the indents of the blocks that end where a statement ends."""
    while isinstance(node, ast.For | ast.While | ast.If | ast.With):
        rest = [] if isinstance(node, ast.With) else node.orelse
        node = (rest or node.body)[-1]
        yield source.indent(node)


def other_jump(source: Source) -> Iterator[Edit]:
    """`break` becomes `continue`, `pass` or `return`, and the other ways round."""
    for node in source.nodes:
        if isinstance(node, ast.Break | ast.Continue | ast.Pass):
            for new in ("break", "continue", "pass", "return"):
                if new != source.of(node):
                    yield source.swap(node, new)


def added_jump(source: Source) -> Iterator[Edit]:
    """A branch inside a loop ends with `continue` or `break`."""
    for owner, body in source.bodies:
        in_loop = isinstance(owner, ast.If) and source.enclosing(owner, _LOOPS)
        if in_loop and not isinstance(body[-1], ast.Break | ast.Continue | ast.Return | ast.Raise):
            yield source.insert_after(body[-1], "continue")
            yield source.insert_after(body[-1], "break")


def other_branching(source: Source) -> Iterator[Edit]:
    """`elif` becomes `if`, `if` becomes `elif` or `while`, `while` becomes `if`."""
    for node in source.nodes:
        if not isinstance(node, ast.If | ast.While):
            continue
        start = source.start(node)
        if source.text.startswith("elif", start):
            yield Edit(start, start + 4, "if")
        elif isinstance(node, ast.While):
            yield Edit(start, start + 5, "if", 0.5)
        else:
            yield Edit(start, start + 2, "elif")
            yield Edit(start, start + 2, "while")


def added_return(source: Source) -> Iterator[Edit]:
    """A last expression is returned; a function that falls off its end returns a local."""
    for function in source.functions:
        last = function.body[-1]
        if isinstance(last, ast.Expr) and not _is_docstring(last):
            start = source.start(last)
            yield Edit(start, start, "return ")
        if not isinstance(last, ast.Return | ast.Raise):
            for name in ("self", *locals_of(function)):
                yield source.insert_after(last, f"return {name}", 0.7)
    for node in source.nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            start = source.start(node)
            yield Edit(start, start, "return ", 0.3)


def other_return(source: Source) -> Iterator[Edit]:
    """A returned constant becomes another empty value, or a local."""
    for function in source.functions:
        for node in ast.walk(function):
            if not isinstance(node, ast.Return) or node.value is None:
                continue
            old = source.of(node.value)
            if isinstance(node.value, ast.Constant | ast.List | ast.Dict | ast.Name):
                yield from (source.swap(node.value, new, 0.6) for new in _EMPTIES if new != old)
            if isinstance(node.value, ast.Constant):
                negated = "not " if isinstance(node.value.value, bool) else ""
                names = (name for name in locals_of(function) if name not in ("self", "cls"))
                yield from (source.swap(node.value, f"{negated}{name}", 0.4) for name in names)


def _first_statement(function: Function) -> ast.stmt | None:
    body = function.body[1:] if _is_docstring(function.body[0]) else function.body
    return body[0] if body else None


def added_guard(source: Source) -> Iterator[Edit]:
    """A function begins with `if not x: return ...`, a loop with `if not x: continue`."""
    for function in source.functions:
        first = _first_statement(function)
        names = [argument.arg for argument in function.args.args if argument.arg != "self"]
        for name in names if first is not None else []:
            if first is None or first.lineno == function.lineno:
                continue
            for empty in ("None", "0", "[]", "''", "{}", "False"):
                yield source.insert_before(first, f"if not {name}: return {empty}", 0.5)
    for owner, body in source.bodies:
        if isinstance(owner, ast.For) and body is owner.body:
            for node in ast.walk(owner.target):
                if isinstance(node, ast.Name):
                    yield source.insert_before(body[0], f"if not {node.id}: continue")


def added_update(source: Source) -> Iterator[Edit]:
    """A counter is moved, a set is told, where a block ends."""
    for function in source.functions:
        numbers, sets = _accumulators(function)
        for owner, body in source.bodies:
            if (
                not isinstance(owner, (*_LOOPS, ast.If))
                or source.enclosing(owner, (ast.FunctionDef, ast.AsyncFunctionDef)) is not function
            ):
                continue
            if isinstance(body[-1], ast.Return | ast.Raise | ast.Break | ast.Continue):
                continue
            yield from (source.insert_after(body[-1], f"{name} += 1") for name in numbers)
            for element in _loop_names(source, owner):
                yield from (source.insert_after(body[-1], f"{s}.add({element})") for s in sets)


def _accumulators(function: Function) -> tuple[list[str], list[str]]:
    """Return the locals that begin as a number, and those that begin as a set."""
    numbers: dict[str, None] = {}
    sets: dict[str, None] = {}
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int())):
                numbers[name] = None
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Set() | ast.SetComp()):
                sets[name] = None
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="set" | "list"))
            ):
                sets[name] = None
    return list(numbers), list(sets)


def _loop_names(source: Source, node: ast.AST) -> list[str]:
    loop = node if isinstance(node, ast.For) else source.enclosing(node, (ast.For,))
    target = loop.target if isinstance(loop, ast.For) else None
    return [n.id for n in ast.walk(target) if isinstance(n, ast.Name)] if target else []


def copied_statement(source: Source) -> Iterator[Edit]:
    """A simple statement of a function is done once more where one of its blocks ends."""
    for function in source.functions:
        texts = {
            source.of(node): None
            for node in ast.walk(function)
            if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr)
            and not _is_docstring(node)
            and node.end_lineno == node.lineno
        }
        for owner, body in source.bodies:
            if owner is function or not _within(function, owner):
                continue
            last = body[-1]
            if not isinstance(last, ast.Return | ast.Raise | ast.Break | ast.Continue):
                yield from (source.insert_after(last, t) for t in texts if t != source.of(last))
            elif len(body) == 1:
                yield from (source.insert_before(last, text, 0.5) for text in texts)
        for node in function.body:
            if isinstance(node, _LOOPS):
                yield from (source.insert_after(node, text) for text in texts)


def _within(function: Function, node: ast.AST) -> bool:
    line = getattr(node, "lineno", 0)
    return function.lineno < line <= (function.end_lineno or 0)


def fresh_default(source: Source) -> Iterator[Edit]:
    """`def f(x=[])` makes a new list at every call."""
    for function in source.functions:
        first = _first_statement(function)
        arguments = function.args.args[len(function.args.args) - len(function.args.defaults) :]
        for argument, default in zip(arguments, function.args.defaults, strict=True):
            if isinstance(default, ast.List | ast.Dict | ast.Set | ast.Call) and first is not None:
                start, end = source.start(default), source.block_start(first)
                rest = source.text[source.end(default) : end]
                name, indent = argument.arg, source.indent(first)
                renewal = f"{indent}{name} = {source.of(default)} if {name} is None else {name}\n"
                yield Edit(start, end, f"None{rest}{renewal}")
