"""Reading a conversation that grows: what was read of it before is not read again.

A request of an agent repeats its whole conversation. As far as its text is that of the request
before, element by element, what was read then is taken: an object that stands where a value is
wanted *is* the value. So the outcome is that of reading everything anew, at the price of comparing
texts. A body in which anything is unusual is read as if there were no history, and complained
about as such.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from dgm.gateway.fields import (
    Field,
    Growing,
    finite,
    is_shallow,
    may_hold_halves,
    refuse_constant,
    refuse_halves,
)

T = TypeVar("T")
Names: TypeAlias = tuple[str, ...]

_DECODER = json.JSONDecoder(parse_constant=refuse_constant, parse_float=finite)
_SPACE = re.compile(r"[ \t\n\r]*").match
_LEAST_CHARACTERS = 20  # of a turn or a tool
_MOST_BYTES = 1 << 20  # of a body that is remembered, for as long as its session is open


@dataclass(frozen=True, slots=True)
class _Known:
    """The elements of a list: their text, where in it each one ends, and what was read of them."""

    text: str = ""
    ends: tuple[int, ...] = ()
    read: tuple[Any, ...] = ()

    def reach(self, text: str, start: int) -> int:
        """Return how many of these elements another text has from `start` on."""
        if text.startswith(self.text, start):  # nothing known is the beginning of everything
            return len(self.ends)
        return bisect_right(
            range(len(self.ends)),
            0,
            key=lambda n: not text.startswith(self.text[: self.ends[n]], start),
        )


class History:
    """What was read of the last request of one session. Thread-safe."""

    def __init__(self) -> None:
        self._known: Mapping[str, _Known] = {}

    def read(self, body: bytes, names: Names, max_depth: int, read: Callable[[Field], T]) -> T:
        """Read a request with the lists `names`. Raises: ValueError, as `Field.parse` and `read`.

        `read` takes the elements of these lists by `Field.each`.
        """
        reader = _Reader(names, self._known)
        root = reader.parse(body, max_depth) if len(body) <= _MOST_BYTES else None
        if root is None:
            return read(Field.parse(body, max_depth=max_depth))
        result = read(root)
        self._known = {**self._known, **reader.known()}
        return result


class _Reader:
    """Reads one body from its beginning to its end."""

    def __init__(self, names: Names, known: Mapping[str, _Known]) -> None:
        self._names = names
        self._known = known
        self._text = ""
        self._at = 0
        self._lists: dict[str, _List] = {}

    def parse(self, body: bytes, max_depth: int) -> Field | None:
        """Return the request, None if it is not as usual."""
        try:
            self._text = body.decode()
            members = self._members()
            new = [members[name] for name in members.keys() - self._lists.keys()]
            new += [[*each.growing] for each in self._lists.values()]
            if may_hold_halves(self._new_text()):
                refuse_halves(new)
        except (ValueError, IndexError, RecursionError):
            return None
        return Field(members) if is_shallow(new, max_depth) else None

    def known(self) -> dict[str, _Known]:
        """Return what is known now that all has been read."""
        return {
            name: _Known(
                self._text[each.start : each.start + each.ends[-1]],
                tuple(each.ends),
                each.growing.read,
            )
            for name, each in self._lists.items()
            if each.ends and len(each.ends) == len(each.growing.read)
        }

    def _new_text(self) -> str:
        pieces, at = [], 0
        for each in self._lists.values():
            pieces.append(self._text[at : each.start])
            at = each.known_end
        return "".join((*pieces, self._text[at:]))

    def _members(self) -> dict[str, Any]:
        members: dict[str, Any] = {}
        self._take("{")
        while True:
            if self._next() != '"' or (name := str(self._value())) in members:
                raise ValueError("a name is wanted, each but once")
            self._take(":")
            is_list = name in self._names and self._next() == "["
            members[name] = self._elements(name) if is_list else self._value()
            if self._take(",}") == "}":
                break
        if self._after_space() != len(self._text):
            raise ValueError("there is more")
        return members

    def _elements(self, name: str) -> Growing:
        self._take("[")
        self._next()
        found = self._lists[name] = _List(self._at, self._known.get(name, _Known()), self._text)
        self._at = found.known_end
        if found.ends and self._take(",]") == "]":
            return found.growing
        while True:
            self._next()
            start = self._at
            found.growing.append(self._value())
            found.ends.append(self._at - found.start)
            if self._at - start < _LEAST_CHARACTERS:  # a flood of nothings costs nothing here
                raise ValueError("no element is as short")
            if self._take(",]") == "]":
                return found.growing

    def _value(self) -> object:
        self._next()
        value, self._at = _DECODER.raw_decode(self._text, self._at)
        return value

    def _take(self, allowed: str) -> str:
        if (character := self._next()) not in allowed:
            raise ValueError(f"{character!r} is none of {allowed}")
        self._at += 1
        return character

    def _next(self) -> str:
        if (character := self._text[self._at]) > " ":
            return character
        self._at = self._after_space()
        return self._text[self._at]

    def _after_space(self) -> int:
        found = _SPACE(self._text, self._at)
        return found.end() if found else self._at


class _List:
    """A list while it is read: where its elements begin, where each one ends from there on."""

    def __init__(self, start: int, known: _Known, text: str) -> None:
        count = known.reach(text, start)
        self.growing = Growing(known.read[:count])
        self.start = start
        self.ends = [*known.ends[:count]]
        self.known_end = start + (self.ends[-1] if self.ends else 0)
