"""Look up values in nested data by a path such as `$.shop.books[0].title`."""

import re

STEP = re.compile(
    r"""
    \.\.(?P<anywhere>\w+|\*)     # ..name: at any depth
    | \.(?P<name>\w+|\*)         # .name or .*
    | \[(?P<index>-?\d+|\*)\]    # [3], [-1] or [*]
    | \['(?P<quoted>[^']*)'\]    # ['a name with spaces']
    """,
    re.VERBOSE,
)


class PathError(ValueError):
    """The path cannot be read."""


def parse(path):
    """Turn a path into steps (kind, key): the kinds are `child`, `index` and `anywhere`."""
    if not path.startswith("$"):
        raise PathError(f"a path begins with $: {path!r}")
    steps = []
    position = 1
    while position < len(path):
        match = STEP.match(path, position)
        if match is None:
            raise PathError(f"cannot read {path[position:]!r}")
        if match["anywhere"] is not None:
            steps.append(("anywhere", match["anywhere"]))
        elif match["index"] is not None and match["index"] != "*":
            steps.append(("index", int(match["index"])))
        else:
            quoted = match["quoted"]
            steps.append(("child", quoted if quoted is not None else match["name"] or "*"))
        position = match.end()
    return steps


def children(value):
    """The values directly inside a dict or a list, in order."""
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def named(value, name):
    """The children with a name; all children for `*`."""
    if name == "*":
        return children(value)
    return [value[name]] if isinstance(value, dict) and name in value else []


def everywhere(value, name):
    """The named children of a value and of all that is inside it, from the outside in."""
    found = named(value, name)
    for child in children(value):
        found.extend(everywhere(child, name))
    return found


def at(value, index):
    """The item of a list at an index, which may count from the end."""
    if not isinstance(value, list) or not -len(value) <= index < len(value):
        return []
    return [value[index]]


ACTIONS = {"child": named, "index": at, "anywhere": everywhere}


def find(data, path):
    """All values that a path leads to, in order; an empty list if there are none."""
    values = [data]
    for kind, key in parse(path):
        values = [result for value in values for result in ACTIONS[kind](value, key)]
    return values


def first(data, path, default=None):
    """The first value that a path leads to."""
    found = find(data, path)
    return found[0] if found else default
