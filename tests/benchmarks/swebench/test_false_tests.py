"""Tests made false: one expected test changed, one added, in the form their neighbours have."""

from random import Random

import pytest

from dgm.benchmarks.swebench.false_tests import FalseTests, make_false
from dgm.benchmarks.swebench.package import Report
from dgm.workspaces import Workspaces
from tests.benchmarks.swebench.rows import row_of, write_repository

DISCOUNT, SUM = "tests/test_total.py::test_discount", "tests/test_total.py::test_sum"


@pytest.fixture
def told(tmp_path):
    return write_repository(tmp_path / "shop")


@pytest.fixture
def workspace(told, tmp_path):
    return Workspaces(tmp_path / "cache").of(told.folder)


def test_one_value_of_a_test_that_is_to_be_mended_is_changed_and_nothing_else(
    told, workspace, tmp_path
):
    false = make_false(row_of(told, "i"), workspace, Random(1))
    assert (false.altered, false.added) == ((DISCOUNT,), "")
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    for tree, patch in ((right, told.test_patch), (wrong, false.test_patch)):
        tree.mkdir()
        workspace.apply(patch.encode(), tree)
    before = (right / "tests/test_total.py").read_text().splitlines()
    after = (wrong / "tests/test_total.py").read_text().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    assert changed[0][0] == "    assert total([100, 50], percent=10) == 135"


def test_only_a_failure_where_there_must_be_one_counts(told, workspace):
    false = make_false(row_of(told, "i"), workspace, Random(1))

    def is_found(statuses):
        return false.are_found_false(Report(True, True, (), statuses))

    assert is_found({DISCOUNT: "FAILED", SUM: "PASSED"})
    assert not is_found({DISCOUNT: "PASSED", SUM: "FAILED"})


def test_added_test_must_be_reported_as_failed():
    false = FalseTests("", added="test_drawn")
    for status, is_found in (("FAILED", True), ("ERROR", True), ("PASSED", False)):
        report = Report(True, True, (), {"t.py::test_drawn": status, "t.py::test_a": "FAILED"})
        assert false.are_found_false(report) is is_found
    assert not false.are_found_false(Report(True, True, (), {"t.py::test_a": "FAILED"}))


@pytest.mark.parametrize(
    ("parser", "text", "form"),
    [
        ("parse_log_django", "class T:\n    def test_a(self):\n        pass\n", "(unittest.Test"),
        ("parse_log_pytest", "class T:\n    def test_a(self):\n        pass\n", "(unittest.Test"),
        ("parse_log_pytest", "def test_a():\n    pass\n", "\ndef test_"),
        ("parse_log_sympy", "def test_a():\n    pass\n", "\ndef test_"),
    ],
)
def test_added_test_has_a_form_that_its_runner_knows(told, workspace, parser, text, form):
    lines = "".join(f"+{line}\n" for line in text.splitlines())
    head = "diff --git a/tests/new.py b/tests/new.py\nnew file mode 100644\n"
    count = len(text.splitlines())
    patch = f"{head}--- /dev/null\n+++ b/tests/new.py\n@@ -0,0 +1,{count} @@\n{lines}"
    row = row_of(told, "i", test_patch=patch, log_parser=parser, fail_to_pass=("test_a (T)",))
    false = make_false(row, workspace, Random(1))
    assert false.altered == ()
    assert form in false.test_patch.replace("\n+", "\n")


def test_tests_that_are_not_python_have_none(told, workspace):
    patch = (
        "diff --git a/t.js b/t.js\nnew file mode 100644\n--- /dev/null\n+++ b/t.js\n"
        "@@ -0,0 +1 @@\n+test('a')\n"
    )
    assert make_false(row_of(told, "i", test_patch=patch), workspace, Random(1)) is None
