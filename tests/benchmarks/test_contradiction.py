"""Contradictions: every way to make a quick task impossible fails its solution, for certain."""

import ast
from random import Random

import pytest

from dgm.benchmarks.contradiction import contradict
from dgm.benchmarks.mutation import contradictions, far_values
from tests.benchmarks.test_mutation import TASKS, failing, hidden
from tests.machine import CHECK, write_files


@pytest.fixture(params=TASKS, ids=lambda path: path.name)
def task(request):
    return request.param


@pytest.mark.slow
def test_every_contradiction_of_a_quick_task_fails_its_solution(task):
    every = list(contradictions("test_hidden.py", hidden(task), Random(1)))
    found = failing(task, [mutation.source for mutation in every])
    assert found == [[mutation.test] for mutation in every]


def test_quick_tasks_can_be_made_impossible_for_certain(task):
    made = contradict(task / "tests", Random(1))
    assert made.is_certain
    ((name, source),) = made.sources.items()
    assert name == "test_hidden.py"
    assert source != hidden(task)
    assert contradict(task / "tests", Random(1)) == made


@pytest.mark.parametrize(
    ("literal", "changed"),
    [("3", 1), ("-3", 1), ("2.5", 1), ("'a b'", 1), (r"'it\'s'", 1), ("[1, 'z', True]", 2)],
)
def test_far_values_are_of_the_same_kind_and_far(literal, changed):
    values = [ast.literal_eval(value) for value in far_values(Random(1), literal)]
    assert len(values) == changed
    for value in values:
        assert type(value) is type(ast.literal_eval(literal))
        assert value != ast.literal_eval(literal)
    if literal in ("3", "-3", "2.5"):
        assert abs(values[0] - float(literal)) >= 10**6


@pytest.mark.parametrize("literal", ["True", "None", "[]", "{}", "b'x'", "name", "1e300", "f(1)"])
def test_what_a_mistake_could_hit_is_not_changed(literal):
    assert list(far_values(Random(1), literal)) == []


def closed_task(folder, tests):
    write_files(folder / "tests", {"test_hidden.py": tests, "test.sh": "", "check.py": ""})
    (folder / "tests" / "check.py").write_bytes(CHECK.read_bytes())
    return folder / "tests"


@pytest.mark.parametrize(
    "tests",
    [
        "def test_a():\n    assert f() is True\n",
        "def test_a():\n    assert f()\n",
        "def test_a():\n    assert f() == []\n",
        "def test_a():\n    if x:\n        assert f() == 3\n",
        "@skip\ndef test_a():\n    assert f() == 3\n",
        "class T:\n    def test_a(self):\n        assert f() == 3\n",
        "def test_a():\n    assert f() == 3\n\n\ndef test_a():\n    assert f()\n",
        "def test_a():\n    assert f() == 3\n\n\ntest_a = print\n",
        "def test_a():\n    assert f() == 3\n\n\ndel test_a\n",
        "def test_a():\n    assert f() == 3\n\n\nfrom m import test_a\n",
        "def helper():\n    assert f() == 3\n",
        "def test_a(:\n",
    ],
)
def test_where_nothing_is_certain_nothing_is_changed(tmp_path, tests):
    assert contradict(closed_task(tmp_path, tests), Random(1)) is None


def test_just_one_value_is_changed(tmp_path):
    tests = closed_task(tmp_path, "def test_a():\n    assert f(1) == 3\n    assert g() is None\n")
    made = contradict(tests, Random(1))
    first, second, third = made.sources["test_hidden.py"].splitlines()
    assert (first, third) == ("def test_a():", "    assert g() is None")
    assert second.startswith("    assert f(1) == ")
    assert int(second.rpartition(" ")[2]) > 10**6


def test_open_tests_are_changed_but_not_certain(tmp_path):
    tests = closed_task(tmp_path, "class T:\n    def test_a(self):\n        assert f() == 3\n")
    (tests / "check.py").unlink()
    made = contradict(tests, Random(1))
    assert not made.is_certain
    assert "assert f() == 3\n" not in made.sources["test_hidden.py"]
