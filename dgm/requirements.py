"""Packages of others, as pip requirements: which can be had without running code of theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name, is_normalized_name


def name_of(text: str) -> str:
    """Return the name of the package that a requirement asks for, in its canonical form."""
    return canonicalize_name(Requirement(text).name)


def checked(requirements: Sequence[str]) -> tuple[str, ...]:
    """Return requirements that pip can meet with wheels, each package named once.

    Raises: ValueError, one line that says which cannot be used.
    """
    names = [canonicalize_name(_requirement(text).name) for text in requirements]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"{min(twice)} is named twice")
    return tuple(requirements)


def checked_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of packages in their canonical form. Raises: ValueError, one line."""
    for name in names:
        if not is_normalized_name(canonicalize_name(name)):
            raise ValueError(f"{name!r} is no name of a package")
    return tuple(map(canonicalize_name, names))


def laid_over(below: Sequence[str], above: Sequence[str]) -> tuple[str, ...]:
    """Join two lists; of a package named in both, what is said above holds."""
    said: Iterable[str] = {name_of(text) for text in above}
    return (*(text for text in below if name_of(text) not in said), *above)


def _requirement(text: str) -> Requirement:
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        first = str(error).splitlines()[0]
        raise ValueError(f"{text!r} is no pip requirement ({first})") from None
    if requirement.url is not None:
        url = urlsplit(requirement.url)
        if url.scheme not in ("https", "file") or not url.path.endswith(".whl"):
            raise ValueError(f"{text!r} is no wheel; write NAME @ file:///PATH.whl, or https")
        if url.username is not None:
            raise ValueError(f"{requirement.name}: a run keeps its settings; put keys into .netrc")
    return requirement
