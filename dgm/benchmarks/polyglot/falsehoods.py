"""Tests made false: one hidden assertion turned into its opposite.

A solution that meets the real test fails the false one. A patch that only says that it passed, or
has spoilt the assertions themselves, passes both and is found out. Which assertion is taken is
settled when a task is prepared: the reference solution must run and fail with it.

Covered: assertions in the usual words of each test framework (Python's by `mutation`, which
changes an expected value). Not covered: a patch that reads the tests while they run, and fails
just when they are false.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from dgm.benchmarks.mutation import mutations

_TRIES = 6
# What is found, and what takes its place; the first of a language are the best.
_OPPOSITES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "cpp": (
        (r"\b(REQUIRE|CHECK)\((?=[^\n]*==)", r"\1_FALSE("),
        (r"\b(REQUIRE|CHECK)\(", r"\1_FALSE("),
        (r"\bREQUIRE_THAT\(([^\n;]*), ", r"REQUIRE_THAT(\1, !"),
    ),
    "go": (
        (r"\bif ([^\n;{]*) != ([^\n;{]*) \{(?=\n\s*t\.(?:Error|Fatal))", r"if \1 == \2 {"),
        (r"\bif !([\w.]+\([^\n{]*\)) \{(?=\n\s*t\.(?:Error|Fatal))", r"if \1 {"),
        (r"; ([^\n;{]*) != ([^\n;{]*) \{(?=\n\s*t\.(?:Error|Fatal))", r"; \1 == \2 {"),
        (r"\bif ([^\n;{&|]*) != ([^\n;{&|]*) \{", r"if \1 == \2 {"),
        (r"\bcase ([^\n:|&]*) != ([^\n:|&]*):", r"case \1 == \2:"),
        (r"\bcase !([\w.]+(?:\([^\n]*\))?):", r"case \1:"),
        (r"; !([\w.]+\([^\n{]*\)) \{", r"; \1 {"),
    ),
    "java": (
        (r"\.isEqualTo\(", ".isNotEqualTo("),
        (r"\.isTrue\(\)", ".isFalse()"),
        (r"\.isFalse\(\)", ".isTrue()"),
        (r"\.isEmpty\(\)", ".isNotEmpty()"),
        (r"\.(?:containsExactly|containsOnly|contains)\(", ".doesNotContain("),
        (r"\.isNull\(\)", ".isNotNull()"),
    ),
    "javascript": (
        (r"(?<!\.not)\.(toEqual|toBe|toStrictEqual)\(", r".not.\1("),
        (r"(?<!\.not)\.(to[A-Z]\w*)\(", r".not.\1("),
    ),
    "python": (
        (r"\.assert(?:Multi[Ll]ine|Count|Dict|List)?Equals?\(", ".assertNotEqual("),
        (r"\.assertTrue\(", ".assertFalse("),
        (r"\.assertFalse\(", ".assertTrue("),
        (r"\.assertIn\(", ".assertNotIn("),
        (r"\.assertIs\(", ".assertIsNot("),
    ),
    "rust": (
        (r"\bassert_eq!\(", "assert_ne!("),
        (r"\bassert!\(([\w.]+\([^\n]*\))\);", r"assert!(!\1);"),
        (r"\.is_ok\(\)", ".is_err()"),
        (r"\bassert!\(", "assert!(!"),
    ),
}


@dataclass(frozen=True, slots=True)
class Falsehood:
    """A test file, and its text with one assertion made false."""

    file: str
    text: str


def falsehoods(language: str, tests: Mapping[str, bytes], seed: str) -> Iterator[Falsehood]:
    """Yield a few ways to make hidden tests false, the likeliest to be of use first."""
    texts = {path: content.decode(errors="replace") for path, content in tests.items()}
    every = list(_by_words(language, texts))
    if language == "python":
        every = list(_by_value(texts)) or every
    chance = Random(seed)
    found = 0
    for rank in sorted({rank for rank, _ in every}):
        alike = [each for known, each in every if known == rank]
        chance.shuffle(alike)
        yield from alike[: _TRIES - found]
        found += min(len(alike), _TRIES - found)


def _by_value(texts: Mapping[str, str]) -> Iterator[tuple[int, Falsehood]]:
    for path, text in texts.items():
        for mutation in mutations(path, text):
            yield mutation.rank, Falsehood(path, mutation.source)


def _by_words(language: str, texts: Mapping[str, str]) -> Iterator[tuple[int, Falsehood]]:
    for rank, (pattern, opposite) in enumerate(_OPPOSITES[language]):
        for path, text in texts.items():
            for found in re.finditer(pattern, text):
                changed = text[: found.start()] + found.expand(opposite) + text[found.end() :]
                yield rank, Falsehood(path, changed)
