"""Candidates: every first-order edit of a file that the operators offer, each once."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from functools import lru_cache

from dgm.gateway.builtin.operators import OPERATORS, Edit, Source

_QUIET = threading.Lock()  # catch_warnings is not thread-safe by itself


@dataclass(frozen=True, slots=True)
class Candidate:
    """One edit of one file. `line` counts in the text it was made from, from 1."""

    path: str
    line: int
    start: int
    end: int
    new: str
    operator: str
    prior: float

    def apply(self, text: str) -> str:
        """Return the text with this edit in it."""
        return text[: self.start] + self.new + text[self.end :]


@lru_cache(maxsize=64)
def candidates(path: str, text: str) -> tuple[Candidate, ...]:
    """Return all candidates for a file's text; none if it is no Python that can be read."""
    source = parsed(text)
    if source is None:
        return ()
    found: dict[tuple[int, int, str], Candidate] = {}
    for operator, prior in OPERATORS:
        for edit in operator(source):
            candidate = _candidate(path, source, edit, operator.__name__, prior)
            key = (candidate.start, candidate.end, candidate.new)
            if candidate.new != text[candidate.start : candidate.end]:
                known = found.get(key)
                if known is None or known.prior < candidate.prior:
                    found[key] = candidate
    return tuple(found.values())


def _candidate(path: str, source: Source, edit: Edit, operator: str, prior: float) -> Candidate:
    """Trim what an edit leaves as it is, so that equal edits look equal."""
    old, new = source.text[edit.start : edit.end], edit.new
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    line = source.line_of(edit.start + min(head, max(0, len(old) - 1)))
    start, end = edit.start + head, edit.end - tail
    return Candidate(
        path, line, start, end, new[head : len(new) - tail], operator, prior * edit.weight
    )


@lru_cache(maxsize=4096)
def compiles(text: str) -> bool:
    """Whether a text is a Python program, as far as the compiler can tell."""
    try:
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "candidate", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


@lru_cache(maxsize=64)
def parsed(text: str) -> Source | None:
    """Parse a text, or None."""
    try:
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Source(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


@lru_cache(maxsize=64)
def parseable_part(text: str) -> str:
    """Return the longest beginning of a clipped text that is a program, cut at a line's end."""
    lines = text.splitlines(keepends=True)
    for end in range(len(lines), 0, -1):
        part = "".join(lines[:end])
        if parsed(part) is not None:
            return part
    return ""
