"""Tell what changed between two nested structures of dicts, lists and plain values."""

from typing import Any, List, NamedTuple

MISSING = object()


class Change(NamedTuple):
    """One difference; `kind` is `added`, `removed` or `changed`."""

    kind: str
    path: str
    old: Any = None
    new: Any = None


def diff(old: Any, new: Any) -> List[Change]:
    """All changes from old to new.

    Dicts are compared key by key, in alphabetical order. Whole numbers and fractions are equal if
    their values are; True and 1 are not.
    """
    return compare(old, new, "")


def compare(old: Any, new: Any, path: str) -> List[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        return compare_dicts(old, new, path)
    if isinstance(old, list) and isinstance(new, list):
        return compare_places(old, new, path)
    if is_same(old, new):
        return []
    return [Change("changed", path, old, new)]


def is_same(old: Any, new: Any) -> bool:
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    return old == new


def compare_dicts(old: dict, new: dict, path: str) -> List[Change]:
    changes = []
    for key in sorted(old.keys() | new.keys()):
        below = f"{path}.{key}" if path else key
        changes += entry(old.get(key, MISSING), new.get(key, MISSING), below)
    return changes


def compare_places(old: list, new: list, path: str) -> List[Change]:
    changes = []
    for place in range(max(len(old), len(new))):
        before = old[place] if place < len(old) else MISSING
        after = new[place] if place < len(new) else MISSING
        changes += entry(before, after, f"{path}[{place}]")
    return changes


def entry(old: Any, new: Any, path: str) -> List[Change]:
    """Compare what two containers hold at one place, where either may hold nothing."""
    if old is MISSING:
        return [Change("added", path, new=new)]
    if new is MISSING:
        return [Change("removed", path, old=old)]
    return compare(old, new, path)


def report(old: Any, new: Any) -> str:
    """The changes as text, one per line."""
    signs = {"added": "+", "removed": "-", "changed": "~"}
    lines = []
    for change in diff(old, new):
        values = [change.old, change.new]
        shown = {"added": values[1:], "removed": values[:1]}.get(change.kind, values)
        lines.append(f"{signs[change.kind]} {change.path}: {' -> '.join(map(repr, shown))}")
    return "\n".join(lines)
