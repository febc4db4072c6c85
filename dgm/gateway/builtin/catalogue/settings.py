"""Changes of the numbers an agent is tuned by: JSON settings and upper-case constants."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dgm.gateway.builtin.catalogue.change import Change, Entry, Files, is_test, words_of

_NUMBER = r"(?P<number>\d[\d_]*(?:\.\d+)?)"
_JSON = re.compile(rf'^\s*"(?P<name>\w+)"\s*:\s*{_NUMBER}\s*,?\s*$', re.MULTILINE)
_CONSTANT = re.compile(rf"^(?P<name>[A-Z][A-Z0-9_]+) = {_NUMBER}\b", re.MULTILINE)


def _numbers(files: Files) -> Iterator[tuple[str, re.Match[str]]]:
    for path in sorted(files):
        pattern = {"json": _JSON, "py": _CONSTANT}.get(path.rsplit(".", 1)[-1])
        if pattern and not is_test(path):
            yield from ((path, match) for match in pattern.finditer(files[path]))


def _scaled(number: str, factor: float) -> str:
    if "." in number:
        return str(float(number) * factor)
    return str(max(1, round(int(number) * factor)))


def scaled(verb: str, factor: float) -> Entry:
    """Make an entry that multiplies one number, whichever there are, by a factor."""
    direction = "more longer higher raise" if factor > 1 else "less shorter lower reduce"

    def offer(files: Files) -> Iterator[Change]:
        for path, match in _numbers(files):
            number = _scaled(match["number"], factor)
            text, (start, end) = files[path], match.span("number")
            if number != match["number"]:
                name = match["name"].lower().replace("_", " ")
                title = f"{verb} {name}, from {match['number']} to {number}"
                words = words_of(f"{name} {direction} settings number")
                yield Change(title, words, {path: text[:start] + number + text[end:]})

    return offer


ENTRIES: tuple[Entry, ...] = (
    scaled("Double", 2),
    scaled("Triple", 3),
    scaled("Halve", 0.5),
    scaled("Quarter", 0.25),
)
