"""What must not be found: hidden files, the lines a solution adds, names of hidden tests."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_SHORTEST = 12
_MOST_LINES = 2000
_TEXT_BYTES = 1 << 20
_NEARLY, _PHRASE = 0.8, 80
_NAMES = re.compile(
    r"\b(?:def|func|fn|void)\s+(\w{6,100})\s*[(<]"
    r"|\b(?:TEST_CASE|TEST|test|it)\(\s*[\"'`]([^\"'`\n]{6,100})[\"'`]"
)


@dataclass(frozen=True, slots=True)
class HiddenFile:
    """A file by its bytes."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Needles:
    """What gives a task's answer away: files, lines by group (`solution`, a file), test names."""

    files: tuple[HiddenFile, ...]
    lines: tuple[tuple[str, tuple[str, ...]], ...]
    names: tuple[str, ...]


def needles_of(workspace: Path, hidden: Sequence[Path], solution: bytes) -> Needles:
    """Gather what is hidden of a task and not shown by its workspace."""
    seen_files, seen_lines, seen_text = _shown(workspace)
    files = [_as_hidden(path) for path in hidden if path.stat().st_size]
    unseen = [each for each in files if each.digest not in seen_files]
    groups = {"solution": _telling(added_lines(solution), seen_lines)}
    names: dict[str, None] = {}
    for path, each in zip([p for p in hidden if p.stat().st_size], files, strict=True):
        if each.digest in seen_files:
            continue
        text = _text_of(path)
        groups[f"hidden file {path.name}"] = _telling(text.splitlines(), seen_lines)
        names |= dict.fromkeys(name for name in names_of_tests(text) if name not in seen_text)
    lines = tuple((group, found) for group, found in groups.items() if found)
    return Needles(tuple(unseen), lines, tuple(names))


def shown_answers(workspace: Path, hidden: Sequence[Path], solution: bytes) -> Iterator[str]:
    """Say which files of a workspace give the answer away, and how.

    A file of the same name as a hidden one is what it was made of, and so is one that the solution
    makes into it: what they share is no secret, unless they are the same and hold tests, or are
    half of lines that the solution adds.
    """
    added = _telling(added_lines(solution), frozenset())
    files = [_Shown(path.relative_to(workspace), *_content(path)) for path in _files(workspace)]
    for file in files:
        if _holds(file, added):
            yield f"lines of its solution can be read in {file.path}"
    for path in hidden:
        secret = _content(path)
        if not secret[1]:
            continue
        names = tuple(dict.fromkeys(names_of_tests(secret[1])))
        telling = _telling(secret[1].splitlines(), frozenset())
        relatives = [
            file
            for file in files
            if file.path.name == path.name or (not names and _becomes(file, telling, added))
        ]
        known = frozenset(line for file in relatives for line in file.lines)
        lines = _telling(secret[1].splitlines(), known)
        unknown = tuple(n for n in names if not any(n in file.text for file in relatives))
        is_secret = bool(names) or 2 * sum(line in added for line in telling) >= len(telling) > 0
        for file in files:
            if file.digest == secret[0] and is_secret:
                yield f"{path.name} can be read as {file.path}"
            elif file not in relatives and _holds(file, lines):
                yield f"lines of its hidden file {path.name} can be read in {file.path}"
            elif file not in relatives and _names(file, unknown):
                yield f"names of its hidden tests can be read in {file.path}"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A file of a workspace; `text` holds what can be read of a binary one too."""

    path: Path
    digest: str
    text: str

    @property
    def lines(self) -> frozenset[str]:
        return frozenset(line.strip() for line in self.text.splitlines())


def _holds(file: _Shown, lines: Sequence[str]) -> bool:
    """Whether a file holds nearly all of some lines, and those are more than a phrase."""
    met = [line for line in lines if line in file.lines]
    return bool(met) and len(met) >= _NEARLY * len(lines) and sum(map(len, met)) >= _PHRASE


def _becomes(file: _Shown, telling: Sequence[str], added: Sequence[str]) -> bool:
    """Whether a file lacks some of a hidden one's lines, all of which the solution adds."""
    missing = [line for line in telling if line not in file.lines]
    return bool(missing) and len(missing) < len(telling) and all(line in added for line in missing)


def _names(file: _Shown, names: Sequence[str]) -> bool:
    met = [name for name in names if name in file.text]
    return bool(met) and len(met) >= _NEARLY * len(names) and sum(map(len, met)) >= _PHRASE // 2


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and ".git" not in path.parts:
            yield path


def _content(path: Path) -> tuple[str, str]:
    """Return a file's digest, and its text as far as it is one."""
    content = path.read_bytes()
    text = content[:_TEXT_BYTES].decode(errors="replace").replace("\0", "\n")
    return hashlib.sha256(content).hexdigest(), text


def added_lines(patch: bytes) -> Iterator[str]:
    """Yield the lines a patch adds."""
    for line in patch.decode(errors="replace").splitlines():
        if line.startswith("+") and not line.startswith("+++ "):
            yield line[1:]


def names_of_tests(text: str) -> Iterator[str]:
    """Yield the names of tests in a text of one of the usual languages."""
    for function, title in _NAMES.findall(text):
        if title or re.match(r"test_|test[A-Z]|Test", function):
            yield title or function


def _telling(lines: Iterable[str], seen: frozenset[str]) -> tuple[str, ...]:
    """Return the distinct lines that say something of their own."""
    stripped = dict.fromkeys(line.strip() for line in lines)
    found = [
        line
        for line in stripped
        if len(line) >= _SHORTEST and line not in seen and any(map(str.isalpha, line))
    ]
    return tuple(found[:_MOST_LINES])


def _shown(workspace: Path) -> tuple[frozenset[str], frozenset[str], str]:
    """Return what a workspace shows: digests of files, stripped lines, and all text."""
    digests: set[str] = set()
    lines: set[str] = set()
    texts: list[str] = []
    for path in sorted(workspace.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
        texts.append(text := _text_of(path))
        lines.update(line.strip() for line in text.splitlines())
    return frozenset(digests), frozenset(lines), "\n".join(texts)


def _as_hidden(path: Path) -> HiddenFile:
    content = path.read_bytes()
    return HiddenFile(path.name, len(content), hashlib.sha256(content).hexdigest())


def _text_of(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(_TEXT_BYTES)
    return "" if b"\0" in content[:4096] else content.decode(errors="replace")
