"""Compare two dictionaries."""


def diff(old, new):
    changes = []
    for key in sorted(set(old) | set(new)):
        if key not in new:
            changes.append(("removed", key))
        elif old.get(key) is None:
            changes.append(("added", key))
        elif old[key] != new[key]:
            changes.append(("changed", key))
    return changes


def apply(old, changes, new):
    result = dict(old)
    for kind, key in changes:
        if kind == "removed":
            result.pop(key)
        else:
            result[key] = new[key]
    return result
