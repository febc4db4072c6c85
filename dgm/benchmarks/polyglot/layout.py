"""An exercise as files: what agents get, the reference solution, the tests as they are run.

Covered: the file that decides how C++ is built takes the exercise's name from its folder, which is
another here, so the name is written into it; skipped tests are lifted (`skips`). Crates of Debian
are newer than some reference solutions in Rust want (`_corrected`).
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from dgm.benchmarks.polyglot import cargo
from dgm.benchmarks.polyglot.exercises import Exercise, matches
from dgm.benchmarks.polyglot.skips import lifted

_CMAKE_NAME = re.compile(r"get_filename_component\(exercise \S+ NAME\)")
_OLD_RAND = (  # rand 0.3 to 0.8
    (re.compile(r"thread_rng\(\)\.choose\((\w+)\)"), r"\1.choose(&mut thread_rng())"),
    (re.compile(r"use rand::\{thread_rng, Rng\};"), "use rand::{seq::SliceRandom, thread_rng};"),
)


def shown_files(exercise: Exercise) -> Mapping[str, bytes]:
    """Return what agents get, by path."""
    return {path: _adapted(exercise, path) for path in exercise.shown}


def test_files(exercise: Exercise) -> Mapping[str, bytes]:
    """Return the hidden tests as they are run, by path."""
    paths = [path for path in exercise.tests if not matches(path, exercise.language.unlaid)]
    return {path: lifted_tests(exercise, path) for path in paths}


def reference_files(exercise: Exercise) -> Mapping[str, bytes]:
    """Return the reference solution, by the paths it belongs to."""
    return {
        place: _corrected(exercise, place, (exercise.folder / path).read_bytes())
        for path in exercise.examples
        if (place := _place_of(exercise, path)) is not None
    }


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files below a folder, over what is there."""
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def replace_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Have a folder hold these files and no other."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    draft.chmod(0o755)
    write(files, draft)
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def lifted_tests(exercise: Exercise, path: str) -> bytes:
    """Return one test file in which nothing is kept off."""
    content = (exercise.folder / path).read_bytes()
    try:
        return lifted(exercise.language.name, content.decode()).encode()
    except UnicodeDecodeError:
        return content


def _adapted(exercise: Exercise, path: str) -> bytes:
    content = (exercise.folder / path).read_bytes()
    if path == "CMakeLists.txt":
        text = content.decode()
        return _CMAKE_NAME.sub(f"set(exercise {exercise.name})", text, count=1).encode()
    return content


def _place_of(exercise: Exercise, path: str) -> str | None:
    """Say where a part of the reference solution belongs; None for what is not part of it."""
    language, name = exercise.language.name, PurePosixPath(path).name
    if language == "java":
        return f"src/main/java/{path.partition('/java/')[2]}" if "/java/" in path else None
    if name == "Cargo-example.toml":
        return cargo.NAME
    suffix = PurePosixPath(path).suffix
    fitting = [each for each in exercise.solution if PurePosixPath(each).suffix == suffix]
    return fitting[0] if fitting else None


def _corrected(exercise: Exercise, place: str, content: bytes) -> bytes:
    """Adapt a reference solution in Rust to the crates there are."""
    if exercise.language.name != "rust":
        return content
    text = content.decode()
    if place == cargo.NAME:
        return cargo.with_any_version(text).encode()
    for pattern, replacement in _OLD_RAND:
        text = pattern.sub(replacement, text)
    return text.encode()
