"""Exercises in the layout of Exercism's tracks: `LANGUAGE/exercises/practice/NAME/`.

`.meta/config.json` names the files, `.docs/` holds the instructions, the rest is stub and tests.
What `.meta/` and other folders with a leading dot hold are solutions and talk about them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from dgm.benchmarks.polyglot.languages import LANGUAGES, Language
from dgm.errors import BenchmarkError

_DOCS = ("introduction.md", "instructions.md", "instructions.append.md")
# What no toolchain here can use, or nobody needs to see.
_UNSEEN = ("gradlew", "gradlew.bat", "gradle/*", "LICENSE", ".eslintrc", ".npmrc")


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise; paths are below `folder`, with slashes. `shown` is what agents get.

    `is_optimized`: its tests in Rust compute for so long that its track compiles them to the full.
    """

    language: Language
    name: str
    folder: Path
    statement: str
    solution: tuple[str, ...]
    examples: tuple[str, ...]
    tests: tuple[str, ...]
    shown: tuple[str, ...]
    is_optimized: bool = False

    @property
    def command(self) -> str:
        """What runs its tests."""
        command = self.language.command
        return (
            command.replace("cargo test", "cargo test --release") if self.is_optimized else command
        )

    @property
    def id(self) -> str:
        """The task's id, such as `python-bowling`."""
        return f"{self.language.name}-{self.name}"

    def digest(self) -> str:
        """Hash what decides what agents see and what is graded, solutions included."""
        digest = hashlib.sha256(f"{self.language.name}\0{self.name}\n".encode())
        digest.update(f"{self.statement}\0{self.solution}\n".encode())
        for path in sorted({*self.shown, *self.tests, *self.examples}):
            content = hashlib.sha256((self.folder / path).read_bytes()).hexdigest()
            digest.update(f"{path}\0{content}\n".encode())
        return digest.hexdigest()


def folders(source: Path) -> Sequence[tuple[Language, Path]]:
    """Return the folder of every exercise, by language and name. Raises: BenchmarkError."""
    found = [
        (language, path.parents[1])
        for language in LANGUAGES.values()
        for path in sorted(source.glob(f"{language.name}/exercises/practice/*/.meta/config.json"))
    ]
    if not found:
        raise BenchmarkError(
            f"no exercises below {source}: there should be folders like "
            "python/exercises/practice/NAME, each with a .meta/config.json"
        )
    return found


def read_exercise(language: Language, folder: Path) -> Exercise:
    """Read one exercise. Raises: BenchmarkError, one line that names it."""
    files, is_optimized = _settings(folder)
    tests, shown = [], []
    for path in _paths(folder):
        if path in files["test"] or matches(path, language.tests):
            tests.append(path)
        elif not matches(path, _UNSEEN):
            shown.append(path)
    exercise = Exercise(
        language=language,
        name=folder.name,
        folder=folder,
        statement=_statement(folder),
        solution=files["solution"],
        examples=_examples(language, folder, files["example"]),
        tests=tuple(tests),
        shown=tuple(shown),
        is_optimized=is_optimized,
    )
    _check(exercise, files["test"])
    return exercise


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Whether a path meets one of these patterns, at any depth."""
    return any(fnmatchcase(path, p) or fnmatchcase(path, f"*/{p}") for p in patterns)


def _check(exercise: Exercise, named_tests: Sequence[str]) -> None:
    for kind, paths in (
        ("solution", exercise.solution),
        ("test", named_tests),
        ("example", exercise.examples),
    ):
        if not paths:
            raise BenchmarkError(f"exercise {exercise.id}: .meta/config.json names no {kind} file")
        for path in paths:
            if not (exercise.folder / path).is_file():
                raise BenchmarkError(f"exercise {exercise.id}: its {kind} file {path} is missing")
    if not any((exercise.folder / path).stat().st_size for path in named_tests):
        raise BenchmarkError(f"exercise {exercise.id}: its test file is empty")


def _settings(folder: Path) -> tuple[dict[str, tuple[str, ...]], bool]:
    """Read which files are solution, tests, examples, and whether to optimize. BenchmarkError."""
    path = folder / ".meta" / "config.json"
    try:
        settings: Any = json.loads(path.read_text(encoding="utf-8"))
        files, custom = settings["files"], settings.get("custom", {})
        kinds = ("solution", "test", "example")
        listed = {kind: _strings(files.get(kind, [])) for kind in kinds}
        return listed, bool(custom.get("test-in-release-mode", False))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchmarkError(f"exercise {folder.name}: {path} cannot be read: {error!r}") from None


def _strings(values: Any) -> tuple[str, ...]:  # noqa: ANN401 - any JSON
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise ValueError(f"{values!r} is no list of files")
    if outside := [each for each in values if each.startswith("/") or ".." in each.split("/")]:
        raise ValueError(f"{outside[0]!r} lies elsewhere")
    return tuple(values)


def _examples(language: Language, folder: Path, listed: tuple[str, ...]) -> tuple[str, ...]:
    """Add the parts of a reference solution that `config.json` does not list."""
    more: Iterator[Path] = iter(())
    if language.name == "java":
        more = (folder / ".meta" / "src" / "reference" / "java").rglob("*.java")
    if language.name == "rust":
        more = (folder / ".meta").glob("Cargo-example.toml")
    found = (path.relative_to(folder).as_posix() for path in sorted(more))
    return tuple(dict.fromkeys((*listed, *found)))


def _statement(folder: Path) -> str:
    paths = [folder / ".docs" / name for name in _DOCS]
    try:
        return "\n\n".join(p.read_text(encoding="utf-8").strip() for p in paths if p.is_file())
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(
            f"exercise {folder.name}: {folder / '.docs'} cannot be read: {error!r}"
        ) from None


def _paths(folder: Path) -> list[str]:
    """Return the regular files of an exercise, but for those in folders with a leading dot."""
    found = []
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in below.parts[:-1])
        if path.is_file() and not path.is_symlink() and not hidden:
            found.append(below.as_posix())
    return found
