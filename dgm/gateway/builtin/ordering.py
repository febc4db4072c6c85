"""Which candidate comes next: suspicion of its line, times the prior of its operator.

A small model's judgement, kept plain: what the failing output names is suspect, what it names by
line more so; a locator's scores outweigh all else; with neither, all lines are much alike.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from dgm.gateway.builtin.candidates import Candidate, candidates, parsed
from dgm.gateway.builtin.operators import Source
from dgm.gateway.builtin.operators.source import Function
from dgm.gateway.builtin.verdicts import Frame, read_verdict

_IN_STATEMENT = 1.5
_IN_OUTPUT = 3.0
_CALLED = 2.0
_IN_TRACEBACK = 3.0
_AT_TRACEBACK = 3.0
_LOCATED = 20.0
_JITTER = 0.8


@dataclass(frozen=True, slots=True)
class Clues:
    """What is known about the fault: the statement, a failing output, a locator's scores."""

    statement: str
    output: str = ""
    scores: tuple[tuple[str, int, float], ...] = ()


@lru_cache(maxsize=64)
def ordered(files: tuple[tuple[str, str], ...], clues: Clues, seed: str) -> tuple[Candidate, ...]:
    """Return all candidates of the files (path and text), the most promising first.

    `seed` decides among what is about equal.
    """
    rng = random.Random(seed)
    weighed = []
    for path, text in files:
        source = parsed(text)
        suspicion = suspicions(path, source, clues) if source else {}
        for candidate in candidates(path, text):
            luck = 1.0 + _JITTER * (rng.random() - 0.5)
            weight = candidate.prior * suspicion.get(candidate.line, 1.0) * luck
            weighed.append((weight, candidate))
    weighed.sort(key=lambda pair: -pair[0])
    return tuple(candidate for _, candidate in weighed)


def suspicions(path: str, source: Source, clues: Clues) -> dict[int, float]:
    """Weigh each line of a file, 1.0 being a line nothing speaks of."""
    frames = [f for f in read_verdict(clues.output).frames if same_file(f.path, path)]
    weights = dict.fromkeys(range(1, source.text.count("\n") + 2), 1.0)
    for function, factor in _function_weights(source, clues, frames).items():
        for line in range(function.lineno, (function.end_lineno or function.lineno) + 1):
            weights[line] = max(weights[line], factor)
    for frame in frames:
        weights[frame.line] = weights.get(frame.line, 1.0) * _AT_TRACEBACK
    located = {line: score for where, line, score in clues.scores if same_file(where, path)}
    highest = max((score for _, _, score in clues.scores), default=0.0)
    if highest > 0:
        for line in weights:
            weights[line] *= 1.0 + _LOCATED * (located.get(line, 0.0) / highest) ** 2
    return weights


def same_file(named: str, path: str) -> bool:
    """Whether a path in an output (often absolute) means a file of the repository."""
    named, path = named.removeprefix("./"), path.removeprefix("./")
    return named == path or named.endswith(f"/{path}") or path.endswith(f"/{named}")


def _function_weights(
    source: Source, clues: Clues, frames: list[Frame]
) -> Mapping[Function, float]:
    said, shown = _words(clues.statement), _words(clues.output)
    in_frames = {frame.function for frame in frames}
    weights: dict[Function, float] = {}
    for function in source.functions:
        weight = 1.0
        if _words(function.name) & said:
            weight *= _IN_STATEMENT
        if function.name in in_frames:
            weight *= _IN_TRACEBACK
        elif function.name in shown:
            weight *= _IN_OUTPUT
        weights[function] = weight
    return _with_callees(weights)


def _with_callees(weights: dict[Function, float]) -> dict[Function, float]:
    """Let what a suspect function calls be suspect too, a little less."""
    raised = dict(weights)
    by_name = {function.name: function for function in weights}
    for function, weight in weights.items():
        for node in ast.walk(function) if weight >= _CALLED else ():
            name = getattr(node, "attr", None) or getattr(node, "id", None)
            callee = by_name.get(str(name))
            if callee is not None and callee is not function:
                raised[callee] = max(raised[callee], _CALLED)
    return raised


@lru_cache(maxsize=1024)
def _words(text: str) -> frozenset[str]:
    """Return the words of a text, and the parts of its compound names, of three letters or more."""
    names = re.findall(r"[A-Za-z_]\w{2,}", text)
    parts = [part for name in names for part in name.lower().split("_") if len(part) > 2]
    return frozenset([*names, *parts])
