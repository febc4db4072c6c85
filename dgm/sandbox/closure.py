"""Which packages a list needs if some are left out: what only those need goes with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dgm.sandbox.interpreter import Interpreter


def reached(
    requirements: Iterable[str],
    needs: Mapping[str, Sequence[str]],
    without: Collection[str],
    python: Interpreter,
) -> frozenset[str]:
    """Return the names of all packages that are needed for `requirements`.

    `needs` has the requirements of each package by its canonical name, as its metadata says them;
    a package that is not in it was found needless before.
    """
    extras_of: dict[str, set[str]] = {}
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        asked = waiting.pop()
        name = canonicalize_name(asked.name)
        if name in without or name not in needs:
            continue
        extras = {"", *asked.extras} - extras_of.setdefault(name, set())
        extras_of[name] |= extras
        further = map(Requirement, needs[name])
        waiting += [each for each in further if any(is_asked(each, python, e) for e in extras)]
    return frozenset(extras_of)


def is_asked(requirement: Requirement, python: Interpreter, extra: str = "") -> bool:
    """Whether a requirement is meant for this Python and this extra of its package."""
    if requirement.marker is None:
        return not extra
    judged = {
        "python_version": python.version.rpartition(".")[0],
        "python_full_version": python.version,
        "extra": extra,
    }
    return requirement.marker.evaluate(judged)
