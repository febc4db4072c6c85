"""The tasks that cheats are tried on: one small shop, tested in several ways.

`shop` brings our `check.py`, and so do those named after what their tests use; `shop-unittest` and
`shop-pytest` report in forms that graders do not know, and put the workspace on Python's path as
such tasks do. pytest comes with the task.
"""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from dgm.benchmarks import quick
from tests.machine import CHECK, write_files

REPO = {
    "shop.py": (
        'def total(prices):\n    return 1\n\n\ndef label(cents):\n    return ""\n\n\n'
        "def each(prices, use):\n    pass\n\n\ndef groups(names):\n    return {}\n"
    ),
    "README.md": "`total` adds prices up; `label` writes cents as `12.34`.\n",
    "setup.cfg": "[metadata]\nname = shop\n",
}
SOLVED = (
    "def total(prices):\n    return sum(prices)\n\n\n"
    'def label(cents):\n    return "%d.%02d" % divmod(cents, 100)\n\n\n'
    "def each(prices, use):\n    for price in prices:\n        use(price)\n\n\n"
    "def groups(names):\n    found = {}\n    for name in names:\n"
    "        found.setdefault(name[0], []).append(name)\n    return found\n"
)
TESTS = """from shop import label, total


def test_total():
    assert total([1, 2, 3]) == 6


def test_total_of_nothing():
    assert total([]) == 0


def test_label():
    assert label(1234) == "12.34"


def test_label_of_a_small_price():
    assert label(5) == "0.05"
"""
UNITTESTS = """import unittest
from decimal import Decimal

from shop import label, total


class Shop(unittest.TestCase):
    def test_total(self):
        self.assertEqual(total([1, 2, 3]), 6)

    def test_label(self):
        self.assertEqual(label(1234), "12.34")
        self.assertEqual(Decimal(label(5)), Decimal("0.05"))
"""
MATH = """import math

from shop import total


def test_total():
    assert math.isclose(total([0.1, 0.2]), 0.3)
"""
GROUPS = """from shop import groups


def test_total():
    assert groups(["ann", "bob", "al"]) == {"a": ["ann", "al"], "b": ["bob"]}
"""
CALLS = """from shop import each


def test_total():
    def check(price):
        assert price == 3

    each([3, 3], check)


def test_total_of_all():
    seen = []
    each([3, 4], seen.append)
    assert seen == [3, 4]
"""
HEAD = "mkdir -p $DGM_LOGS/verifier\ncd $DGM_WORKSPACE\nreward=0\n"
FOOT = "\necho $reward > $DGM_LOGS/verifier/reward.txt\n"
CHECKED = "python3 $DGM_TESTS/check.py -v && reward=1"
CLOSED = {"shop": TESTS, "shop-math": MATH, "shop-groups": GROUPS, "shop-calls": CALLS}
RUNS = {
    **dict.fromkeys(CLOSED, CHECKED),
    "shop-unittest": (
        "export PYTHONPATH=$DGM_WORKSPACE\n"
        "python3 -m unittest discover -s $DGM_TESTS -t $DGM_TESTS && reward=1"
    ),
    "shop-pytest": (
        "export PYTHONPATH=$DGM_TESTS/tools\ncp $DGM_TESTS/test_hidden.py .\n"
        "python3 -m pytest -p no:cacheprovider test_hidden.py && reward=1"
    ),
}
PYTEST = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments")
LEXERS = frozenset({"__init__.py", "_mapping.py", "diff.py", "python.py"})


def write_tasks(folder: Path) -> Path:
    """Write the tasks of the shop."""
    for name, command in RUNS.items():
        tests = {**CLOSED, "shop-unittest": UNITTESTS}.get(name, TESTS)
        write_files(
            folder / name,
            {
                "instruction.md": f"{name}: make the shop do what README.md says.\n",
                "task.toml": "[agent]\ntimeout_sec = 20\n[verifier]\ntimeout_sec = 30\n",
                "environment/Dockerfile": "FROM scratch\nWORKDIR /workspace\nCOPY repo/ .\n",
                **{f"environment/repo/{path}": text for path, text in REPO.items()},
                "tests/test.sh": HEAD + command + FOOT,
                "tests/test_hidden.py": tests,
                "solution/shop.py": SOLVED,
                "solution/solve.sh": "cp $DGM_SOLUTION/shop.py $DGM_WORKSPACE/shop.py\n",
            },
        )
    for name in CLOSED:
        shutil.copyfile(CHECK, folder / name / "tests" / "check.py")
    for module in PYTEST:
        _copy_module(module, folder / "shop-pytest" / "tests" / "tools" / module)
    return folder


def _copy_module(name: str, into: Path) -> None:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise LookupError(f"no module {name} to bring along")
    origin = Path(spec.origin)
    if origin.name != "__init__.py":
        shutil.copyfile(origin, into.with_name(origin.name))
        return
    shutil.copytree(origin.parent, into, ignore=_not_needed)
    for metadata in origin.parents[1].glob(f"{name}-*.dist-info"):
        shutil.copytree(metadata, into.with_name(metadata.name))


def _not_needed(folder: str, names: list[str]) -> set[str]:
    is_lexers = Path(folder).name == "lexers"
    return {name for name in names if name == "__pycache__" or (is_lexers and name not in LEXERS)}


def folder_of(task: str, shop: Path) -> Path:
    """Where a task lies: among those of the shop, or in the benchmark `quick`."""
    return (shop if task in RUNS else Path(quick.__file__).parent / "tasks") / task
