"""The plain values that cross between the judge and the process of the patch, and their text."""

import builtins
import sys

FRAME_BYTES = 1 << 22
NODES = 1 << 18
DEPTH = 200
REFERENCES = 1 << 17
SHARED = {list: b"L", dict: b"D", set: b"S"}
SEQUENCES = {tuple: b"t", frozenset: b"z"}
FROZEN = (int, float, str, bytes, tuple, frozenset)
_NAMED = {
    **dict.fromkeys(("date", "datetime", "time", "timedelta"), "datetime"),
    "Decimal": "decimal",
    "Fraction": "fractions",
}
_TYPES = frozenset(
    "bool bytes complex dict float frozenset int list object range set str tuple type".split()
)


class Broken(BaseException):
    """The other end did what no end that runs this file does."""


class Gone(BaseException):
    """The other end has ended, or said nothing for too long."""


class TooSlow(BaseException):
    """A test used more processor time than it may."""


class Spent(Gone):
    """The processes of the patch used more processor time than a test may."""


class Refused(TypeError):
    """A value cannot cross."""


class Reader:
    """A frame, read from its start."""

    def __init__(self, frame):
        self._frame, self._at, self.nodes = frame, 0, 0

    def take(self, count):
        start, self._at = self._at, self._at + count
        if count < 0 or self._at > len(self._frame):
            raise Broken("a message that ends too soon")
        return self._frame[start : self._at]

    def word(self):
        end = self._frame.index(b";", self._at)
        start, self._at = self._at, end + 1
        return self._frame[start:end].decode("ascii")

    def number(self):
        word = self.word()
        if not 0 < len(word) < 12:
            raise Broken("a number that is none")
        number = int(word, 16)
        if number < 0:
            raise Broken("a count below zero")
        return number

    def is_at_end(self):
        return self._at == len(self._frame)


ATOMS = {
    b"N": lambda reader: None,
    b"T": lambda reader: True,
    b"F": lambda reader: False,
    b"i": lambda reader: int(reader.word(), 16),
    b"f": lambda reader: float.fromhex(reader.word()),
    b"s": lambda reader: reader.take(reader.number()).decode("utf-8", "surrogatepass"),
    b"b": lambda reader: reader.take(reader.number()),
    b"w": lambda reader: TooSlow,
}


def builtin_of(exact):
    """Return which of list, dict and set a class is made of; None for any other class."""
    return next((base for base in SHARED if base in type.mro(exact)), None)


def shallow(container):
    """Return what a container holds itself, by the builtin's code; of a dict keys, then values."""
    base = type(container)
    base = base if base in SHARED else builtin_of(base)
    held = tuple(base.__iter__(container))
    return (*held, *dict.values(container)) if base is dict else held


def refill(container, items):
    """Put into a container what `shallow` took from its twin."""
    if type(container) is dict:
        half = len(items) // 2
        if len(items) % 2:
            raise Broken("a key without a value")
        fresh = dict(zip(items[:half], items[half:]))
    else:
        fresh = items
    if type(container) is list:
        container[:] = fresh
        return
    fresh = type(container)(fresh)
    container.clear()
    container.update(fresh)


def plain_of(base, value):
    """Return the value of an instance of a subclass, by the base's own code."""
    if base in (tuple, frozenset):
        return base(base.__iter__(value))
    return {int: int.__int__, float: float.__float__}.get(
        base, lambda v: base.__getitem__(v, slice(None))
    )(value)


def is_named(value):
    """Whether both ends know it by its name among the builtins."""
    if not isinstance(value, type) or vars(builtins).get(value.__name__) is not value:
        return False
    return value.__name__ in _TYPES or issubclass(value, BaseException)


def known(name):
    """Return what a name of the builtins stands for. Raises: Broken."""
    found = vars(builtins)[name]
    if not is_named(found):
        raise Broken("a builtin that may not cross")
    return found


def arguments_of(value, exact):
    """Return what makes a date, a decimal number or the like anew; None for anything else."""
    module = sys.modules.get(_NAMED.get(exact.__name__, ""))
    if module is None or getattr(module, exact.__name__, None) is not exact:
        return None
    if exact.__name__ == "Fraction":
        return (value.numerator, value.denominator)
    if exact.__name__ == "Decimal":
        return (str(value),)
    if exact.__name__ == "timedelta":
        return (value.days, value.seconds, value.microseconds)
    names = {"date": "year month day", "time": "hour minute second microsecond"}
    names["datetime"] = "%(date)s %(time)s" % names
    if getattr(value, "tzinfo", None) is not None:
        return None
    return tuple(getattr(value, name) for name in names[exact.__name__].split())


def named(name, arguments):
    """Make a date, a decimal number or the like. Raises: Broken."""
    if type(name) is not str or type(arguments) is not tuple:
        raise Broken("a value of no known kind")
    if any(type(a) is not (str if name == "Decimal" else int) for a in arguments):
        raise Broken("a value of no known kind")
    module = __import__(_NAMED[name])
    return getattr(module, name)(*arguments)
