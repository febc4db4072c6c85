"""Compare versions such as 1.4, v1.10.2 and 2.0-rc1."""


def parse(version):
    """Return ((numbers), pre-release) of a version, without trailing zeros; ValueError if bad."""
    text = version[1:] if version.startswith("v") else version
    release, _, pre = text.partition("-")
    numbers = [int(part) for part in release.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers), pre


def sort_key(version):
    """Return a key by which versions sort from the oldest to the newest.

    Two pre-releases of the same version are ordered as text.
    """
    numbers, pre = parse(version)
    return numbers, 1 if pre else 0, pre


def compare(left, right):
    """Return -1, 0 or 1 as the left version is older than, equal to or newer than the right."""
    a, b = sort_key(left), sort_key(right)
    return (a > b) - (a < b)


def newest(versions):
    """Return the newest of some versions."""
    return max(versions, key=sort_key)


def is_compatible(version, wanted):
    """Tell whether a version has the major number of the wanted one and is not older."""
    return parse(version)[0][:1] == parse(wanted)[0][:1] and compare(version, wanted) >= 0
