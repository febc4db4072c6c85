"""One value of a JSON document together with its path, so that every complaint says where."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

MISSING: Any = type("Missing", (), {"__repr__": lambda _: "nothing"})()


class Growing(list[Any]):
    """The new elements of a list; `before` is what was read of those before them.

    Once it has been read, `read` is all of it.
    """

    def __init__(self, before: tuple[Any, ...]) -> None:
        super().__init__()
        self.before = before
        self.read: tuple[Any, ...] = ()


class Field:
    """A value and where it is. Every reader raises ValueError with the path when its type is wrong.

    A request has hundreds: the path is put together only for a complaint.
    """

    __slots__ = ("_at", "_outer", "value")

    def __init__(self, value: object, outer: Field | None = None, at: str | int = "") -> None:
        self.value: Any = value
        self._outer = outer
        self._at = at

    @classmethod
    def parse(cls, body: bytes, *, max_depth: int) -> Field:
        """Read a JSON object: UTF-8, finite numbers, whole characters, bounded nesting."""
        try:
            text = body.decode()
            value = json.loads(text, parse_constant=refuse_constant, parse_float=finite)
            if may_hold_halves(text):
                refuse_halves(value)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"the body is not valid JSON: {error}") from error
        if not isinstance(value, dict):
            raise ValueError("the body must be a JSON object")  # noqa: TRY004 - bad data, not a bug
        if not is_shallow(value, max_depth):
            raise ValueError(f"the body is nested deeper than {max_depth} levels")
        return cls(value)

    @property
    def path(self) -> str:
        """Where in the document it is, such as `messages[0].role`; the root is empty."""
        if self._outer is None:
            return ""
        outer = self._outer.path
        if isinstance(self._at, int):
            return f"{outer}[{self._at}]"
        return f"{outer}.{self._at}" if outer else self._at

    @property
    def is_absent(self) -> bool:
        """Whether the field is missing or null."""
        return self.value is MISSING or self.value is None

    def names(self) -> Iterator[str]:
        """Yield the names of an object's fields."""
        return iter(self.mapping())

    def get(self, name: str) -> Field:
        """Return a field of an object, absent if there is none."""
        return Field(self.mapping().get(name, MISSING), self, name)

    def __getitem__(self, name: str) -> Field:
        field = self.get(name)
        if field.value is MISSING:
            raise ValueError(f"{field.path}: field required")
        return field

    def items(self) -> Iterator[Field]:
        """Yield the elements of a list; an absent list is empty."""
        if self.is_absent:
            return
        if not isinstance(self.value, list):
            self._refuse("a list")
        for position, value in enumerate(self.value):
            yield Field(value, self, position)

    def each(self, read: Callable[[Field], T]) -> tuple[T, ...]:
        """Read the elements of a list; of a growing one only those that are new."""
        if not isinstance(self.value, Growing):
            return tuple(map(read, self.items()))
        old = len(self.value.before)
        new = (read(Field(value, self, at)) for at, value in enumerate(self.value, start=old))
        self.value.read = (*self.value.before, *new)
        return self.value.read

    def allow_only(self, *names: str) -> None:
        """Refuse an object with any other field, unless that is null."""
        for name, value in self.mapping().items():
            if name not in names and value is not None:
                raise ValueError(f"{self.get(name).path}: not supported by this gateway")

    def mapping(self) -> Mapping[str, Any]:
        """Return an object."""
        return self.value if isinstance(self.value, dict) else self._refuse("an object")

    def text(self, *, most: int | None = None) -> str:
        """Return a string, of at most `most` characters if that is given."""
        if not isinstance(self.value, str):
            self._refuse("a string")
        if most is not None and len(self.value) > most:
            self._refuse(f"a string of at most {most} characters")
        return self.value

    def text_or(self, absent: str, *, most: int | None = None) -> str:
        """Return a string, or `absent` if there is none."""
        return absent if self.is_absent else self.text(most=most)

    def one_of(self, *words: str) -> str:
        """Return a string that is one of `words`."""
        if (text := self.text()) not in words:
            self._refuse(" or ".join(map(repr, words)))
        return text

    def boolean(self) -> bool:
        """Return true or false."""
        return self.value if isinstance(self.value, bool) else self._refuse("true or false")

    def integer(self, *, least: int) -> int:
        """Return an integer of at least `least`."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or self.value < least:
            self._refuse(f"an integer of at least {least}")
        return int(self.value)

    def number(self, least: float, most: float) -> float:
        """Return a number between `least` and `most`."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self._refuse("a number")
        if not least <= self.value <= most:
            self._refuse(f"between {least:g} and {most:g}")
        return float(self.value)

    def number_or_none(self, least: float, most: float) -> float | None:
        """Return a number between `least` and `most`, None if there is none."""
        return None if self.is_absent else self.number(least, most)

    def _refuse(self, wanted: str) -> NoReturn:
        raise ValueError(f"{self.path or 'the body'}: must be {wanted}, not {self.value!r:.60}")


def refuse_constant(name: str) -> NoReturn:
    """Take no `NaN` or `Infinity`, which are not JSON. Raises: ValueError."""
    raise ValueError(f"{name} is not a JSON number")


def finite(digits: str) -> float:
    """Read a number. Raises: ValueError if it is too large for one."""
    if math.isinf(number := float(digits)):
        raise ValueError(f"{digits:.20} is larger than a number can be")
    return number


def may_hold_halves(text: str) -> bool:
    """Whether a JSON text may hold half a character: a quick look before a thorough one."""
    return "\\ud" in text or "\\uD" in text


def refuse_halves(value: object) -> None:
    """Take no value that cannot be encoded again. Raises: ValueError."""
    json.dumps(value, ensure_ascii=False).encode()


def is_shallow(value: dict[str, Any] | list[Any], depth: int) -> bool:
    """Whether a JSON value has so many levels of objects and lists at most."""
    level: list[Any] = [value]
    for _ in range(depth):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return True
    return False
