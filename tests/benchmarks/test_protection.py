"""Which parts of a patch are left out of grading, and which stay."""

import iniconfig
import pytest

from dgm.benchmarks.protection import (
    changed_settings,
    dropped_paths,
    modules_of,
    protected_patterns,
)
from tests.machine import CHECK, write_files


@pytest.fixture
def base(tmp_path):
    return write_files(tmp_path / "base", {"shop.py": "", "calendar.py": "", "src/a.py": ""})


@pytest.fixture
def tests(tmp_path):
    text = "import unittest, calendar\nfrom decimal import Decimal\nimport shop\n"
    return write_files(tmp_path / "tests", {"test_hidden.py": text})


@pytest.mark.parametrize(
    "path",
    [
        *("argparse.py", "packaging/__init__.py", "x_test.py", "a/x_test.py"),
        *("test_x.py", "a/test_x.py", "conftest.py", "a/b/conftest.py", "pytest.ini"),
        *(".pytest.ini", "sitecustomize.py", "a/usercustomize.py", "x.pth", "pytest.py"),
        *("pytest/__init__.py", "_pytest/runner.py", "unittest/__main__.py", "unittest.pyc"),
        *("decimal.py", "decimal/__init__.py", "decimal.cpython-311.so"),
        *("entry_points.txt", "shop-1.dist-info/entry_points.txt", "a/b.egg-info/entry_points.txt"),
    ],
)
def test_tests_and_their_tools_are_left_out(path, base, tests):
    assert dropped_paths([path], protected_patterns(base, tests)) == (path,)


@pytest.mark.parametrize(
    "path",
    [
        *("shop.py", "calendar.py", "queue.py", "contest.py", "src/decimal.py", "setup.cfg"),
        *("pytest_helper.py", "docs/pytest.md", "latest_x.py", "check.py"),
    ],
)
def test_other_files_stay(path, base, tests):
    assert dropped_paths([path], protected_patterns(base, tests)) == ()


@pytest.mark.parametrize("notes", ["decimal.txt", "decimal.md", "decimal", "decimal/notes.txt"])
def test_notes_named_like_a_module_make_it_nobodys(notes, base, tests):
    write_files(base, {notes: ""})
    assert dropped_paths(["decimal.py"], protected_patterns(base, tests))
    assert "decimal" not in modules_of(base, base).own


def test_modules_of_a_patch_are_what_python_imports_and_no_standard_ones(base, tmp_path):
    files = ["shop.py", "math.txt", "math.py", "json/a.py", "pytest.py", "new/__init__.py"]
    more = ["deep/er/a.py", "data/a.csv", "fast.cpython-311-x86_64-linux-gnu.so", "a-b.py", "notes"]
    tree = write_files(tmp_path / "tree", dict.fromkeys(files + more, ""))
    modules = modules_of(base, tree)
    assert modules.own == {"shop", "calendar", "src"}
    assert modules.added == {"new", "deep", "fast"}


def test_own_runner_is_protected_where_a_task_brings_it(base, tests):
    (tests / "check.py").write_bytes(CHECK.read_bytes())
    patterns = protected_patterns(base, tests)
    paths = ("check.py", "a/check.py", "check/__init__.py")
    assert dropped_paths(paths, patterns) == paths


SETTINGS = {
    "setup.cfg": ("[metadata]\nname = a\n", "[tool:pytest]\naddopts = -p evil\n"),
    "tox.ini": ("[tox]\nenvlist = a\n", "[pytest]\naddopts = -p evil\n"),
    "pyproject.toml": ("[project]\nname = 'a'\n", "[tool.pytest.ini_options]\naddopts = '-x'\n"),
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("folder", ["", "deep/"])
def test_settings_are_left_out_only_where_their_test_section_changes(name, folder, tmp_path):
    other, about_tests = SETTINGS[name]
    path = folder + name
    base = write_files(tmp_path / "base", {path: other})
    same = write_files(tmp_path / "same", {path: other.replace("a\n", "b\n").replace("'a'", "'b'")})
    more = write_files(tmp_path / "more", {path: other + about_tests})
    assert changed_settings([path], base, same) == ()
    assert changed_settings([path], base, more) == (name, f"*/{name}")
    assert changed_settings([path], more, base) == (name, f"*/{name}")
    assert changed_settings([path], tmp_path, same) == ()  # a new file without such a section


@pytest.mark.parametrize("end", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\r"])
@pytest.mark.parametrize("name", ["setup.cfg", "tox.ini"])
def test_section_is_found_where_its_reader_sees_a_line_begin(name, end, tmp_path):
    base = write_files(tmp_path / "base", {name: "[metadata]\nname = a\n"})
    hidden = f"[metadata]\nname = a\n# x{end}[tool:pytest]\naddopts = -p evil\n"
    tree = write_files(tmp_path / "tree", {name: hidden})
    read = iniconfig.IniConfig(name, data=hidden)
    assert read["tool:pytest"]["addopts"] == "-p evil"  # the control: pytest would obey it
    assert changed_settings([name], base, tree) == (name, f"*/{name}")


@pytest.mark.parametrize("text", ["[tool]\npytest.ini_options.addopts = '-x'\n", "[" * 9000])
def test_settings_are_read_as_toml_or_not_at_all(text, tmp_path):
    base = write_files(tmp_path / "base", {"pyproject.toml": "[project]\n"})
    tree = write_files(tmp_path / "tree", {"pyproject.toml": text})
    assert changed_settings(["pyproject.toml"], base, tree)
