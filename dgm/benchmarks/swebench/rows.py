"""Rows of a SWE-bench data set, read from a file; each bad one is named in a line and left out.

A row of the package's version 5 says everything its grading needs. Rows of older data sets lack
four fields, which `conversion.py` adds. Fields that no part of this project may use, such as
`hints_text`, are dropped here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dgm.errors import BenchmarkError

_TEXTS = (
    *("instance_id", "repo", "version", "base_commit", "problem_statement"),
    *("patch", "test_patch"),
)
_LISTS = ("FAIL_TO_PASS", "PASS_TO_PASS")
ADDED_FIELDS = ("image", "log_parser", "eval_type", "eval_script")
_HALVES = re.compile(r"[\ud800-\udfff]")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Row:
    """One instance. `patch` is the solution; it, the tests and the script are hidden."""

    instance_id: str
    repo: str
    version: str
    base_commit: str
    problem_statement: str
    patch: str
    test_patch: str
    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    image: str = ""
    log_parser: str = ""
    eval_type: str = ""
    eval_script: str = ""

    @property
    def is_old(self) -> bool:
        """Whether it lacks what grading needs."""
        return not self.image

    @property
    def expected(self) -> tuple[str, ...]:
        """The tests that decide."""
        return (*self.fail_to_pass, *self.pass_to_pass)

    def as_json(self) -> dict[str, Any]:
        """Return it as the package reads it."""
        lists = {"FAIL_TO_PASS": [*self.fail_to_pass], "PASS_TO_PASS": [*self.pass_to_pass]}
        texts = {name: getattr(self, name) for name in (*_TEXTS, *ADDED_FIELDS)}
        return {name: value for name, value in texts.items() if value or name in _TEXTS} | lists


@dataclass(frozen=True, slots=True)
class Rows:
    """What a file holds: the rows that can be used, and a line for each that cannot."""

    rows: tuple[Row, ...]
    refused: tuple[str, ...]


def read_rows(path: Path, only: Sequence[str] = ()) -> Rows:
    """Read a .json, .jsonl or .parquet file; with `only`, the rows of these ids.

    Raises: BenchmarkError if the file cannot be read as what its name says.
    """
    records = list(_records(path))
    names = Counter(
        str(record["instance_id"])
        for _, record in records
        if isinstance(record, dict) and "instance_id" in record
    )
    rows, refused = [], []
    for place, record in records:
        name = record.get("instance_id") if isinstance(record, dict) else None
        if only and name is not None and name not in only:
            continue
        who = name if name and _is_unicode(str(name)) else place
        if names[str(name)] > 1:
            refused.append(f"{who}: {names[str(name)]} rows have this id; keep one")
            continue
        try:
            rows.append(parse_row(record))
        except BenchmarkError as error:
            refused.append(f"{who}: {error}")
    missing = [f"{name}: no such row in {path}" for name in only if name not in names]
    return Rows(tuple(rows), tuple(dict.fromkeys([*refused, *missing])))


def parse_row(record: object) -> Row:
    """Read one row. Raises: BenchmarkError that says what is wrong with it."""
    if not isinstance(record, Mapping):
        raise BenchmarkError(f"a row is an object with fields, not {str(record)[:40]!r}")
    there = [name for name in ADDED_FIELDS if record.get(name)]
    wanted = (*_TEXTS, *_LISTS, *(ADDED_FIELDS if there else ()))
    if absent := [name for name in wanted if record.get(name) is None]:
        raise BenchmarkError(f"the row has no {', '.join(absent)}")
    row = Row(
        **{name: _text(record, name) for name in (*_TEXTS, *there)},
        fail_to_pass=_names(record, "FAIL_TO_PASS"),
        pass_to_pass=_names(record, "PASS_TO_PASS"),
    )
    if not _ID.fullmatch(row.instance_id):
        raise BenchmarkError(f"instance_id = {row.instance_id[:80]!r} is no plain name")
    if not _COMMIT.fullmatch(row.base_commit):
        raise BenchmarkError(f"base_commit = {row.base_commit[:80]!r} is no commit of 40 digits")
    if not row.fail_to_pass:
        raise BenchmarkError("FAIL_TO_PASS names no test, so everything would solve it")
    return row


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record[name]
    if not isinstance(value, str):
        raise BenchmarkError(f"{name} = {str(value)[:40]!r} must be text")
    if not _is_unicode(value):
        raise BenchmarkError(f"{name} holds half a character (a lone surrogate)")
    return value


def _is_unicode(value: object) -> bool:
    """Whether something is text, and whole characters."""
    return isinstance(value, str) and not _HALVES.search(value)


def _names(record: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Read a list of tests, which may be written as JSON in a text."""
    value = record[name]
    try:
        found = json.loads(value) if isinstance(value, str) else list(value)
    except (ValueError, TypeError):
        found = None
    if not isinstance(found, list) or not all(map(_is_unicode, found)):
        raise BenchmarkError(f"{name} = {str(value)[:40]!r} must be a list of test names")
    return tuple(found)


def _records(path: Path) -> Iterator[tuple[str, object]]:
    """Yield what a file holds, each with its place. Raises: BenchmarkError."""
    readers = {".json": _from_json, ".jsonl": _from_lines, ".parquet": _from_parquet}
    if path.suffix not in readers:
        raise BenchmarkError(f"rows come as .json, .jsonl or .parquet, not as {path.name!r}")
    try:
        yield from readers[path.suffix](path)
    except OSError as error:
        raise BenchmarkError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BenchmarkError(f"{path} is not UTF-8 text") from error


def _from_json(path: Path) -> Iterator[tuple[str, object]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BenchmarkError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, list):
        raise BenchmarkError(f"{path} must hold a list of rows")
    yield from _numbered("row", found)


def _from_lines(path: Path) -> Iterator[tuple[str, object]]:
    for place, line in _numbered("line", path.read_text(encoding="utf-8").split("\n")):
        if line.strip():
            try:
                yield place, json.loads(line)
            except ValueError:
                yield place, line


def _from_parquet(path: Path) -> Iterator[tuple[str, object]]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_table
    except ImportError as error:
        raise BenchmarkError(
            f"{path.name} needs pyarrow; pip install pyarrow, or give the rows as .jsonl"
        ) from error
    try:
        yield from _numbered("row", read_table(path).to_pylist())
    except ArrowException as error:
        raise BenchmarkError(f"{path} is no parquet file: {error}") from error


def _numbered(word: str, values: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for number, value in enumerate(values, 1):
        yield f"{word} {number}", value
