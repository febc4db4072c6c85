"""What a test run's output says: passed or not, how many fail, where it points.

Understands `[exit code N]`, `N passed, M failed`, and the summaries of unittest and pytest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_EXIT = re.compile(r"\[?exit (?:code|status):? (-?\d+)\]?", re.IGNORECASE)
_FAILED = re.compile(r"\b(\d+) (?:failed|failures?)\b", re.IGNORECASE)
_PASSED = re.compile(r"\b(\d+) passed\b", re.IGNORECASE)
_ERRORS = re.compile(r"\b(\d+) errors?\b", re.IGNORECASE)
_UNITTEST = re.compile(r"^FAILED \((.*)\)\s*$", re.MULTILINE)
_UNITTEST_COUNT = re.compile(r"\b(?:failures|errors)=(\d+)")
_UNITTEST_OK = re.compile(r"^Ran [1-9]\d* tests? in .*\n+OK\b", re.MULTILINE)
_FAIL_LINE = re.compile(r"^(?:FAIL|ERROR|FAILED|not ok)\b", re.MULTILINE)
_FRAME = re.compile(r"File \"([^\"]+)\", line (\d+)(?:, in (\w+))?|^(\S+\.py):(\d+):", re.MULTILINE)
_TRY = re.compile(
    r"^\s*candidate (\d+): exit (-?\d+|\w+)(?:; ?(.*))?$", re.MULTILINE | re.IGNORECASE
)
_APPLIED = re.compile(r"applied (?:candidate (\d+)|none)", re.IGNORECASE)
_SCORE = re.compile(r"^\s*(\S+?):(\d+)\s+(-?\d+(?:\.\d+)?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Frame:
    """One place a traceback names."""

    path: str
    line: int
    function: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One test run. `failures` is None when the output gives no count."""

    passed: bool
    failures: int | None
    exit_code: int | None
    output: str

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The places tracebacks name, in the order of the output."""
        return tuple(
            Frame(m[1] or m[4], int(m[2] or m[5]), m[3] or "") for m in _FRAME.finditer(self.output)
        )


@dataclass(frozen=True, slots=True)
class Tries:
    """What a batch of candidates gave: each one's verdict, and which stayed (None: none)."""

    verdicts: tuple[tuple[int, Verdict], ...]
    applied: int | None


def read_verdict(output: str) -> Verdict:
    """Read a test run; without an exit code the summary decides, without both it failed."""
    codes = _EXIT.findall(output)
    code = int(codes[-1]) if codes else None
    failures = _count_failures(output)
    if code is not None:
        passed = code == 0
    else:
        passed = failures == 0 or (failures is None and bool(_UNITTEST_OK.search(output)))
    return Verdict(passed, 0 if passed else failures, code, output)


def _count_failures(output: str) -> int | None:
    if summary := _UNITTEST.findall(output):
        return sum(int(count) for count in _UNITTEST_COUNT.findall(summary[-1])) or None
    failed, passed = _FAILED.findall(output), _PASSED.findall(output)
    if failed or passed:
        errors = _ERRORS.findall(output)
        return int(failed[-1] if failed else 0) + int(errors[-1] if errors else 0)
    return len(_FAIL_LINE.findall(output)) or None


def read_tries(output: str) -> Tries:
    """Read the lines `candidate N: exit CODE; <last line>` and `applied ...` of a batch tool."""
    verdicts = []
    for number, code, last in _TRY.findall(output):
        exit_code = int(code) if code.lstrip("-").isdigit() else None
        passed = exit_code == 0
        failures = 0 if passed else _count_failures(last or "")
        verdicts.append((int(number), Verdict(passed, failures, exit_code, last or "")))
    applied = _APPLIED.findall(output)
    return Tries(tuple(verdicts), int(applied[-1]) if applied and applied[-1] else None)


def read_scores(output: str) -> tuple[tuple[str, int, float], ...]:
    """Read a locator's lines `path:LINE score`."""
    return tuple(
        (path.removeprefix("./"), int(line), float(score))
        for path, line, score in _SCORE.findall(output)
    )
