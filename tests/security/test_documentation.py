"""`docs/security.md` names a test for every row, and every test it names is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "security.md"
ROWS = {
    int(row[1]): row[0]
    for row in re.finditer(r"^\| (\d+) \|.*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
}
NAMED = re.compile(r"`([\w/]+\.py)::([\w:]+)`")


@cache
def names_in(path: Path) -> frozenset[str]:
    """The tests of a file, those of a class as `Class::test`."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{x.name}" for x in node.body if isinstance(x, ast.FunctionDef)}
    return frozenset(found)


def test_all_rows_are_there():
    assert sorted(ROWS) == list(range(1, 25))


@pytest.mark.parametrize("row", sorted(ROWS))
def test_row_names_tests_that_exist(row):
    named = NAMED.findall(ROWS[row])
    assert named
    for path, name in named:
        assert name in names_in(TESTS / path), f"{path}::{name}"
        assert name.rpartition("::")[2].startswith("test_")
