"""What lies in the repository: which files are sources, which are tests, how the tests are run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

_QUOTED = re.compile(
    r"`{1,3}(?:\w*\n)?([^`\n]+)\n?`{1,3}|^(?: {4,}|\t|\$ )(\S[^\n]*)$", re.MULTILINE
)
_PROGRAM = re.compile(
    r"^(?:\w+=\S+ )*(?:python[\d.]*|pytest|make|tox|nox|sh|bash|uv|\./\S+)(?: |$)"
)
_TESTS = re.compile(r"check|test", re.IGNORECASE)
_TIME_LIMIT_S = 10


def is_test(path: str) -> bool:
    """Whether a file belongs to the tests, by its name."""
    parts = PurePosixPath(path)
    return re.match(
        r"(?:test_.*|.*_tests?|tests?|checks?|check_.*|conftest)$", parts.stem
    ) is not None or any(folder in ("test", "tests", "testing") for folder in parts.parts[:-1])


def sources(paths: Iterable[str], statement: str) -> tuple[str, ...]:
    """Return the Python files that may be at fault, those the statement names first."""
    words = set(re.findall(r"\w+", statement))
    found = [p for p in paths if p.endswith(".py") and not is_test(p)]
    found = [p for p in found if PurePosixPath(p).name not in ("setup.py", "__main__.py")]

    def rank(path: str) -> tuple[bool, bool, str]:
        stem = PurePosixPath(path).stem
        return stem == "__init__", stem not in words and path not in statement, path

    return tuple(sorted(found, key=rank))


def readme(paths: Iterable[str]) -> str | None:
    """Return the README's path, the one nearest to the top."""
    found = [p for p in paths if PurePosixPath(p).name.lower().startswith("readme")]
    return min(found, key=lambda path: (path.count("/"), path), default=None)


def stated_test_command(text: str) -> str | None:
    """Return the first command in a text that looks like a test run."""
    for match in _QUOTED.finditer(text):
        command = (match[1] or match[2]).strip().removeprefix("$ ")
        if _PROGRAM.match(command) and _TESTS.search(command):
            return command
    return None


def guessed_test_command(paths: Sequence[str], statement: str) -> str | None:
    """Guess how to run the tests from the files there are; None if there are none."""
    tests = [path for path in paths if path.endswith(".py") and is_test(path)]
    if not tests:
        return None
    if script := next((path for path in tests if PurePosixPath(path).stem == "check"), None):
        return f"python3 {script}"
    if "pytest" in statement:
        return "python3 -m pytest -q"
    folders = {str(PurePosixPath(path).parent) for path in tests}
    if folders == {"."}:
        return "python3 -m unittest discover"
    return f"python3 -m unittest discover -s {min(folders - {'.'})} -t ."


def limited(command: str) -> str:
    """Bound a command in time, so that an endless loop costs seconds and not the whole run."""
    return f"timeout {_TIME_LIMIT_S} {command}" if _is_plain(command) else command


def _is_plain(command: str) -> bool:
    return not re.search(r"^\w+=|[;&|]|^(?:cd|timeout)\b", command)
