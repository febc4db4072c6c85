"""Tests that must fail: a hidden test with a false assertion.

A mutation changes one expected value, so that code which meets the real test fails the mutated one;
code that is equal to everything, or reports what it likes, passes both and is found out. Nothing
but that value differs: to tell a mutated test from a real one takes the right answer, or word of
another trial.

A contradiction is a mutation for another use: the task that gets it for good has no honest solution
(`contradiction.py`). There the value is far from the right one, so that no mistake comes upon it.

Covered: `assert x == literal` and `self.assertEqual(x, literal)` on the straight way through a test
function, then `is` with a constant, then any other assertion, which is negated. Not covered: tests
without assertions of their own, and languages other than Python.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from string import ascii_lowercase
from typing import TypeAlias

from dgm import syntax

Others: TypeAlias = Callable[[str], Iterator[str]]
"""From the text of a literal to texts that may take its place."""

_FAR_LETTERS = 9
_EMPTY = {"[]": "[0]", "()": "(0,)", "{}": "{0: 0}"}
_RANKS: Mapping[type[ast.cmpop], int] = {ast.Eq: 0, ast.Is: 1}
_EQUALITIES = frozenset({"assertEqual", "assertEquals", "assertListEqual", "assertDictEqual"})


@dataclass(frozen=True, slots=True)
class Mutation:
    """One test made false: `test` in `file`, whose text is now `source`; `rank` 0 is the best."""

    file: str
    test: str
    source: str
    rank: int


def mutations(file: str, source: str, others_of: Others | None = None) -> Iterator[Mutation]:
    """Yield every way to make a test of a file false. A file that is no Python has none.

    `others_of` says which values may stand in the place of a literal: by default those like it.
    """
    try:
        module = syntax.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    text = _Text(source)
    for function in _test_functions(module):
        for statement in _straight_way(function):
            for rank, changed in _falsified(statement, text, others_of or others):
                yield Mutation(file, function.name, changed, rank)


def contradictions(file: str, source: str, random: Random) -> Iterator[Mutation]:
    """Yield mutations of rank 0 whose values no honest program yields, not even by mistake."""
    every = mutations(file, source, partial(far_values, random))
    return (found for found in every if found.rank == 0)


def choose(sources: Mapping[str, str], seen: frozenset[str], random: Random) -> Mutation | None:
    """Pick one of the best mutations, of a test that is not among the `seen` if there is one."""
    return next(iter(choose_several(sources, seen, random, 1)), None)


def choose_several(
    sources: Mapping[str, str], seen: frozenset[str], random: Random, count: int
) -> tuple[Mutation, ...]:
    """Pick some of the best mutations, each of another test as far as there are such."""
    every = [found for file in sorted(sources) for found in mutations(file, sources[file])]
    unseen = [found for found in every if found.test not in seen] or every
    best = min((found.rank for found in unseen), default=0)
    left = [found for found in unseen if found.rank == best]
    picked: list[Mutation] = []
    while left and len(picked) < count:
        tests = {(found.file, found.test) for found in picked}
        fresh = [found for found in left if (found.file, found.test) not in tests]
        picked.append(random.choice(fresh or left))
        left.remove(picked[-1])
    return tuple(picked)


def names_of_tests(sources: Mapping[str, str]) -> frozenset[str]:
    """Return the names of all tests in some files; a file that is no Python has none."""
    found: set[str] = set()
    for source in sources.values():
        try:
            found.update(function.name for function in _test_functions(syntax.parse(source)))
        except (SyntaxError, ValueError, RecursionError):
            continue
    return frozenset(found)


class _Text:
    """A source text that can be cut at the places of its syntax tree."""

    def __init__(self, source: str) -> None:
        self._bytes = source.encode()
        self._starts = [0]
        for line in self._bytes.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def of(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return self._bytes[start:end].decode()

    def replaced(self, node: ast.expr, text: str) -> str:
        start, end = self._span(node)
        return (self._bytes[:start] + text.encode() + self._bytes[end:]).decode()

    def _span(self, node: ast.expr) -> tuple[int, int]:
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[end_line - 1] + end_column,
        )


def _is_test(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test")


def _test_functions(module: ast.Module) -> Iterator[ast.FunctionDef]:
    """Yield plain test functions, and the methods of test classes."""
    for node in module.body:
        members: Sequence[ast.stmt] = node.body if isinstance(node, ast.ClassDef) else (node,)
        for member in members:
            if isinstance(member, ast.FunctionDef) and _is_test(member):
                yield member


def _straight_way(function: ast.FunctionDef) -> Iterator[ast.stmt]:
    """Yield the statements that run whenever the test passes, as far as can be seen."""
    is_plain = not any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))
    if function.decorator_list or not is_plain:
        return
    for statement in function.body:
        if any(isinstance(node, ast.Return | ast.Raise) for node in ast.walk(statement)):
            return
        yield statement


def _falsified(statement: ast.stmt, text: _Text, others_of: Others) -> Iterator[tuple[int, str]]:
    """Yield the ranks and texts of a file in which one assertion has become false."""
    if isinstance(statement, ast.Assert) and not isinstance(statement.test, ast.Constant):
        test = statement.test
        yield 2, text.replaced(test, f"not ({text.of(test)})")
        if isinstance(test, ast.Compare) and type(test.ops[0]) in _RANKS and len(test.ops) == 1:
            rank = _RANKS[type(test.ops[0])]
            for side in (test.left, test.comparators[0]):
                every = others_of(text.of(side))
                yield from ((rank, text.replaced(side, other)) for other in every)
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        if isinstance(call.func, ast.Attribute) and call.func.attr in _EQUALITIES:
            for side in call.args[:2]:
                every = others_of(text.of(side))
                yield from ((0, text.replaced(side, other)) for other in every)


def others(literal: str) -> Iterator[str]:
    """Yield literals that look like this one and have another value; none if it is no literal."""
    if literal in _EMPTY:
        yield _EMPTY[literal]
    yield from _changed(literal, _other_constant)


def far_values(random: Random, literal: str) -> Iterator[str]:
    """Yield literals in which one number or text has become another that nobody would guess.

    There is none for what has few values: truth values, None, empty collections.
    """
    yield from _changed(literal, partial(_far_constant, random))


def _changed(literal: str, change: Callable[[object, str], str]) -> Iterator[str]:
    """Yield the literal with one constant after the other changed to another value."""
    value = _value(literal)
    if value is None:
        return
    text = _Text(f"({literal})")
    for node in ast.walk(syntax.parse(f"({literal})")):
        if isinstance(node, ast.Constant):
            other = text.replaced(node, change(node.value, text.of(node)))[1:-1]
            found = _value(other)
            if found is not None and found != value:
                yield other


def _value(literal: str) -> tuple[object] | None:
    """Evaluate a literal, boxed; None if it is none."""
    try:
        (line,) = syntax.parse(f"({literal})").body
        return (ast.literal_eval(line.value),) if isinstance(line, ast.Expr) else None
    except (ValueError, SyntaxError, TypeError):
        return None


def _other_constant(value: object, text: str) -> str:
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, int | float):
        return repr(value + 1)
    if isinstance(value, str):
        return _other_letter(text)
    return "0" if value is None else text


def _far_constant(random: Random, value: object, text: str) -> str:
    if isinstance(value, bool):
        return text
    if isinstance(value, int | float):
        return repr(value + random.randrange(10**6, 10**7))
    if isinstance(value, str):
        return repr(value + "".join(random.choices(ascii_lowercase, k=_FAR_LETTERS)))
    return text


def _other_letter(text: str) -> str:
    """Change one letter or digit of a quoted string, the last that is not escaped; or add one."""
    for place in range(len(text) - 2, 0, -1):
        letter = text[place]
        if letter.isascii() and letter.isalnum() and text[place - 1] != "\\":
            following = {"9": "8", "z": "y", "Z": "Y"}.get(letter) or chr(ord(letter) + 1)
            return text[:place] + following + text[place + 1 :]
    return text[:-1] + "x" + text[-1]
