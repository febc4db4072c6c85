"""What the test runners of six languages print, as counts of passed and failed tests.

Pure functions over text. Only the runner's own summary is read: the last one, since a program may
print what looks like one before. What prints last is the tests' own process, so a count is
never proof by itself (see `grading`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PYTEST = re.compile(r"^=* ?(\d+ [a-z]+.*) in \d[\d.]*s\b.*$", re.MULTILINE)
_GO = re.compile(r"--- (PASS|FAIL): (?!Example)")
_CARGO_SECTION = re.compile(r"^ +(Running|Doc-tests) (.*)$")
_CARGO_RESULT = re.compile(r"test result: \w+\. (\d+) passed; (\d+) failed;")
_JEST = re.compile(r"^Tests: +(.*\b\d+ total)$", re.MULTILINE)
_JUNIT = re.compile(r"^\[ +(\d+) tests (successful|failed) +\]$", re.MULTILINE)
_CATCH_ALL = re.compile(
    r"^All tests passed \(\d+ assertions? in (\d+) test cases?\)$", re.MULTILINE
)
_CATCH_SOME = re.compile(r"^test cases: +(\d+)((?: \| +\d+ [a-z ]+)*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many tests passed, and how many did not: failed, or could not even begin."""

    passed: int
    failed: int


def pytest(text: str) -> Counts | None:
    """Read the last line of pytest, such as `1 failed, 11 passed in 0.05s`."""
    return next((_words(line) for line in reversed(_PYTEST.findall(text))), None)


def go(text: str) -> Counts | None:
    """Count the verdicts of `go test -v`, those of subtests included."""
    verdicts = _GO.findall(text)
    return Counts(verdicts.count("PASS"), verdicts.count("FAIL")) if verdicts else None


def cargo(text: str) -> Counts | None:
    """Add up the results of the programs below `tests/`; tests inside the crate do not count."""
    passed = failed = 0
    is_hidden, found = False, False
    for line in text.splitlines():
        if section := _CARGO_SECTION.match(line):
            is_hidden = section[1] == "Running" and section[2].startswith("tests/")
        elif is_hidden and (result := _CARGO_RESULT.match(line)):
            passed, failed, found = passed + int(result[1]), failed + int(result[2]), True
    return Counts(passed, failed) if found else None


def jest(text: str) -> Counts | None:
    """Read the summary of jest, such as `Tests:       1 failed, 11 passed, 12 total`."""
    return next((_words(line) for line in reversed(_JEST.findall(text))), None)


def junit(text: str) -> Counts | None:
    """Read the summary of JUnit's console launcher."""
    counts = {kind: int(number) for number, kind in _JUNIT.findall(text)}
    if counts.keys() != {"successful", "failed"}:
        return None
    return Counts(counts["successful"], counts["failed"])


def catch(text: str) -> Counts | None:
    """Read the summary of Catch2, which counts test cases."""
    if every := _CATCH_ALL.findall(text):
        return Counts(int(every[-1]), 0)
    some = _CATCH_SOME.findall(text)
    return _words(some[-1][1]) if some else None


def _words(line: str) -> Counts:
    """Read `3 passed, 1 failed`, in any order and with anything between."""
    return Counts(_number(line, ("passed",)), _number(line, ("failed", "error", "errors")))


def _number(line: str, kinds: Iterable[str]) -> int:
    found = re.findall(rf"(\d+) (?:{'|'.join(kinds)})\b", line)
    return sum(map(int, found))
