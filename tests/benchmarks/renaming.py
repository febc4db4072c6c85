"""A task of the embedded benchmark under other names: every identifier and every module file.

The program, its bugs, its tests and its solution stay what they are. Kept are `check.py`, the
`test_` before the names of tests, and what `identifiers.py` says.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

from tests.benchmarks.identifiers import Renamer, parsed

_KEPT = {"check", "test"}
_CONSONANTS = "bdfgklmnprstvz"


def rename_task(source: Path, target: Path, seed: str) -> Path:
    """Write the task in `source` to `target` under names that `seed` decides; return `target`."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    modules = [path for path in sorted(target.rglob("*.py")) if path.name != "check.py"]
    renamer = _renamer(modules, Random(f"{seed}/{source.name}"))
    for path in sorted(target.rglob("*")):
        if path in modules:
            path.write_text(renamer.source(path.read_text(encoding="utf-8")), encoding="utf-8")
            path.rename(path.with_stem(renamer.plain(path.stem)))
        elif path.suffix == ".md":
            path.write_text(renamer.prose(path.read_text(encoding="utf-8")), encoding="utf-8")
        elif path.name == "solve.sh":
            path.write_text(_renamed_files(path.read_text(encoding="utf-8"), renamer))
    return target


def _renamer(modules: Iterable[Path], rng: Random) -> Renamer:
    texts = [path.read_text(encoding="utf-8") for path in modules]
    program = parsed(texts)
    names = program.names | {path.stem for path in modules}
    taken = {word.lower() for text in texts for word in re.findall(r"\w+", text)}
    words = _made_up_words(rng, taken)
    renamed = {name: _dressed(name, next(words)) for name in sorted(names - _KEPT)}
    return Renamer(program, renamed)


def _renamed_files(script: str, renamer: Renamer) -> str:
    return re.sub(r"(\w+)(?=\.py\b)", lambda stem: renamer.plain(stem[0]), script)


def _dressed(name: str, word: str) -> str:
    """Keep what the form of a name says: private, constant, class, test."""
    if name.startswith("test_"):
        return f"test_{word}"
    private = name[: len(name) - len(name.lstrip("_"))]
    core = name[len(private) :]
    if core.isupper():
        return private + word.upper()
    return private + (word.capitalize() if core[:1].isupper() else word)


def _made_up_words(rng: Random, taken: set[str]) -> Iterator[str]:
    """Yield words of two or three syllables, none twice and none of those taken."""
    taken = {*taken, *_KEPT}
    while True:
        count = rng.choice((2, 3))
        word = "".join(rng.choice(_CONSONANTS) + rng.choice("aeiou") for _ in range(count))
        if word not in taken:
            taken.add(word)
            yield word
