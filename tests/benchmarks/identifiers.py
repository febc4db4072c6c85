"""The names a program defines, and the same program under other names.

Two kinds of places are told apart. At an attribute (`cart.items`, a method, a field in a class
body) a name that objects of Python's own have too is kept, since nobody can see whose it is.
Everywhere else all that the program defines is renamed, but for the names of builtins, what it
imports from the standard library, `self` and `cls`.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import io
import keyword
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from types import ModuleType

_KEPT = {*keyword.kwlist, *dir(builtins), "self", "cls", "_"}
_BY_STRING = {"getattr", "setattr", "hasattr"}
_IGNORED = {tokenize.NL, tokenize.COMMENT}


@dataclass(frozen=True)
class Program:
    """The Python files of one program, parsed."""

    trees: tuple[ast.Module, ...]

    @cached_property
    def names(self) -> set[str]:
        """The names it defines that can be renamed."""
        imported = {name for node in self._nodes() for name in _imports(node)}
        kept = _KEPT | imported | self._spelt | (self._fields & self.kept_attributes)
        return {name for name in self.defined - kept if not name.startswith("__")}

    @cached_property
    def kept_attributes(self) -> set[str]:
        """The attributes that objects of Python's own have."""
        owners: list[object] = [BaseException]
        for name in dir(builtins):
            thing = getattr(builtins, name)
            if isinstance(thing, type) and not issubclass(thing, BaseException):
                owners.append(thing)
        for node in self._nodes():
            for thing in _imports(node).values():
                owners.append(thing)
                if isinstance(thing, ModuleType):
                    owners += (part for part in vars(thing).values() if isinstance(part, type))
        return {name for owner in owners for name in dir(owner)}

    @cached_property
    def defined(self) -> set[str]:
        """All names it defines."""
        return {name for node in self._nodes() for name in _defined_by(node)}

    @cached_property
    def parameters(self) -> set[str]:
        """What its functions and classes take by name."""
        return {node.arg for node in self._nodes() if isinstance(node, ast.arg)} | self._fields

    @cached_property
    def _fields(self) -> set[str]:
        listed = {name for node in self._nodes() for name in _listed_by(node)}
        return listed | {name.id for node in self._nodes() for name in _class_targets(node)}

    @cached_property
    def _spelt(self) -> set[str]:
        """The strings of files that reach attributes by string."""
        return {
            node.value
            for tree in self.trees
            if any(isinstance(node, ast.Name) and node.id in _BY_STRING for node in ast.walk(tree))
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }

    def _nodes(self) -> Iterator[ast.AST]:
        for tree in self.trees:
            yield from ast.walk(tree)


def parsed(sources: Iterable[str]) -> Program:
    """Parse the files of a program."""
    return Program(tuple(map(ast.parse, sources)))


def _defined_by(node: ast.AST) -> Iterable[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
            return (name,)
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            return (name,)
        case ast.ExceptHandler(name=str(name)) | ast.alias(asname=str(name)):
            return (name,)
    return _listed_by(node)


def _listed_by(node: ast.AST) -> Iterable[str]:
    """Name what a `namedtuple` or `__slots__` spells in strings."""
    return [word for text in _lists(node) for word in str(text.value).split()]


def _lists(node: ast.AST) -> Iterable[ast.Constant]:
    texts: list[ast.expr] = []
    match node:
        case ast.Call(func=ast.Name(id="namedtuple"), args=args):
            texts = args
        case ast.Assign(targets=[ast.Name(id="__slots__")], value=ast.Tuple(elts=names)):
            texts = names
    return [text for text in texts if isinstance(text, ast.Constant)]


def _imports(node: ast.AST) -> Mapping[str, object]:
    """Map what a node imports from the standard library, by the name it gets."""
    match node:
        case ast.Import(names=names):
            known = [alias for alias in names if alias.name in sys.stdlib_module_names]
            return {
                alias.asname or alias.name: importlib.import_module(alias.name) for alias in known
            }
        case ast.ImportFrom(module=str(module), names=names) if module in sys.stdlib_module_names:
            owner = importlib.import_module(module)
            return {alias.asname or alias.name: getattr(owner, alias.name) for alias in names}
    return {}


def _class_targets(node: ast.AST) -> Iterator[ast.Name]:
    """Yield the names assigned in the body of a class."""
    for statement in node.body if isinstance(node, ast.ClassDef) else ():
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        yield from (target for target in targets if isinstance(target, ast.Name))


class _Places:
    """Where a name or string means something else than its token tells, by row and column."""

    def __init__(self, text: str) -> None:
        self._rows = text.encode().split(b"\n")
        self.callees: dict[tuple[int, int], ast.expr] = {}
        self.members: set[tuple[int, int]] = set()
        self.docstrings: set[tuple[int, int]] = set()
        self.lists: set[tuple[int, int]] = set()
        self.method_rows: set[int] = set()
        for node in ast.walk(ast.parse(text)):
            self._note(node)

    def _note(self, node: ast.AST) -> None:
        self.members.update(map(self._place, _class_targets(node)))
        self.lists.update(map(self._place, _lists(node)))
        match node:
            case ast.Call(func=callee, keywords=keywords):
                self.callees.update((self._place(keyword), callee) for keyword in keywords)
            case ast.ClassDef(body=body):
                methods = (part for part in body if isinstance(part, ast.FunctionDef))
                self.method_rows.update(method.lineno for method in methods)
            case ast.Expr(value=ast.Constant(value=str()) as docstring):
                self.docstrings.add(self._place(docstring))

    def _place(self, node: ast.expr | ast.keyword) -> tuple[int, int]:
        before = self._rows[node.lineno - 1][: node.col_offset]
        return node.lineno, len(before.decode())


@dataclass(frozen=True)
class Renamer:
    """A program's other names: `words` maps each old one."""

    program: Program
    words: Mapping[str, str]

    def source(self, text: str) -> str:
        """Rename in one Python file; all but names, comments and docstrings stays as it is."""
        places, before = _Places(text), ""
        starts = [0, *accumulate(len(row) + 1 for row in text.split("\n"))]
        pieces, at = [], 0
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            start, end = (starts[row - 1] + column for row, column in (token.start, token.end))
            if start < len(text):
                pieces += [text[at:start], self._token(token, before, places)]
                at = end
            before = before if token.type in _IGNORED else token.string
        return "".join([*pieces, text[at:]])

    def prose(self, text: str) -> str:
        """Rename whole words in a text for people; lone letters only between backticks."""
        known = {name: word for name, word in self.words.items() if len(name) > 1}
        return re.sub(
            r"(`[^`\n]+`)|(\w+)",
            lambda m: _in_words(m[0], self.words) if m[1] else known.get(m[0], m[0]),
            text,
        )

    def plain(self, name: str) -> str:
        """Rename a name that stands alone."""
        return self.words.get(name, name)

    def attribute(self, name: str) -> str:
        """Rename a name that belongs to an object."""
        return name if name in self.program.kept_attributes else self.plain(name)

    def argument(self, name: str, callee: ast.expr) -> str:
        """Rename what an argument is called by, if what is called is the program's own."""
        called = getattr(callee, "id", getattr(callee, "attr", None))
        is_own = called in self.program.defined or called == "_replace"  # of named tuples
        return self.plain(name) if is_own and name in self.program.parameters else name

    def _token(self, token: tokenize.TokenInfo, before: str, places: _Places) -> str:
        if token.type == tokenize.NAME:
            return self._name(token, before, places)
        if token.type == tokenize.COMMENT or token.start in places.docstrings:
            return self.prose(token.string)
        if token.start in places.lists:
            return _in_words(token.string, self.words)
        if token.type == tokenize.STRING and "f" in re.split("[\"']", token.string)[0].lower():
            return self._format_string(token.string)
        return token.string

    def _name(self, token: tokenize.TokenInfo, before: str, places: _Places) -> str:
        row, name = token.start[0], token.string
        if token.start in places.callees:
            return self.argument(name, places.callees[token.start])
        is_method = before == "def" and row in places.method_rows
        if before == "." or is_method or token.start in places.members:
            return self.attribute(name)
        return name if before == "!" else self.plain(name)

    def _format_string(self, text: str) -> str:
        """Rename inside the braces; Python 3.12 and later hand these out as tokens of their own."""
        return ast.unparse(_Expression(self).visit(ast.parse(text, mode="eval")))


class _Expression(ast.NodeTransformer):
    """Renames in a parsed expression."""

    def __init__(self, renamer: Renamer) -> None:
        self._renamer = renamer

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._renamer.plain(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.Attribute:
        node.attr = self._renamer.attribute(node.attr)
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        for argument in node.keywords:
            if argument.arg:
                argument.arg = self._renamer.argument(argument.arg, node.func)
        self.generic_visit(node)
        return node


def _in_words(text: str, words: Mapping[str, str]) -> str:
    return re.sub(r"[A-Za-z_]\w*", lambda name: words.get(name[0], name[0]), text)
