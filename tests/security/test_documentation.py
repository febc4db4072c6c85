"""`docs/security.md` names a test and a control for every row, and all that it names is there."""

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
CONTROL = re.compile(rf"control: {NAMED.pattern}")
# The row of which one half is neither defended nor tested, in the words that say so.
VIEWER = 23
NO_PAGE = "not applicable until there is a page; the terminal half is tested"


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
    assert set(named) > set(CONTROL.findall(ROWS[row])), "a control alone shows no defence"
    for path, name in named:
        assert name in names_in(TESTS / path), f"{path}::{name}"
        assert name.rpartition("::")[2].startswith("test_")


@pytest.mark.parametrize("row", sorted(ROWS))
def test_row_names_a_control(row):
    assert CONTROL.search(ROWS[row]), "no test shows the attack where nothing holds it"
    assert ROWS[row].count("control: ") == len(CONTROL.findall(ROWS[row]))


def test_only_what_people_look_at_is_half_a_row():
    assert [row for row, text in ROWS.items() if "not applicable" in text] == [VIEWER]
    assert NO_PAGE in ROWS[VIEWER]
