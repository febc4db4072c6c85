"""Read and write durations such as `1d 2h 30m 5s`."""

import re

UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def parse(text):
    """Return the seconds of a duration such as `2h 30m`; spaces do not matter.

    Raises ValueError for anything else, also for an empty text.
    """
    compact = "".join(text.split())
    if not re.fullmatch(r"(\d+[dhms])+", compact):
        raise ValueError(f"not a duration: {text!r}")
    sizes = dict(UNITS)
    return sum(int(count) * sizes[unit] for count, unit in re.findall(r"(\d+)([dhms])", compact))


def write(seconds, parts=3):
    """Return the shortest text for a duration; zero is `0s`.

    With `parts`, only so many of the largest units are named and the rest is cut off.
    """
    words = []
    for unit, size in UNITS:
        count, seconds = divmod(seconds, size)
        if count > 0 and len(words) < parts:
            words.append(f"{count}{unit}")
    return " ".join(words) or "0s"
