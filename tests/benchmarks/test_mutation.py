"""Tests that must fail do fail: every mutated test of every quick task."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from dgm.benchmarks import quick
from dgm.benchmarks.mutation import choose, choose_several, mutations, names_of_tests, others

TASKS = sorted(path.parent for path in Path(quick.__file__).parent.glob("tasks/*/task.toml"))

# Runs each text as a test file beside the reference solution, and prints the tests that failed.
RUN = """
import json, signal, sys
sys.path[:0] = sys.argv[1:]
import check
signal.signal(signal.SIGVTALRM, check.stop)
for text in json.load(sys.stdin):
    module = type(sys)("test_hidden")
    exec(compile(text, "test_hidden.py", "exec"), vars(module))
    print(json.dumps([n for n, test in check.tests_of(module) if check.run(test)[1]]))
"""


def failing(task, texts):
    places = (str(task / "solution"), str(task / "environment" / "repo"))
    ended = subprocess.run(
        [sys.executable, "-I", "-c", RUN, *places],
        input=json.dumps(texts).encode(),
        capture_output=True,
        check=True,
    )
    return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.fixture(params=TASKS, ids=lambda path: path.name)
def task(request):
    return request.param


def hidden(task):
    return (task / "tests" / "test_hidden.py").read_text()


@pytest.mark.slow
def test_every_mutation_fails_just_its_own_test(task):
    """What a seed may pick must hold for each pick: the reference solution fails no other test."""
    source = hidden(task)
    every = [found for found in mutations("test_hidden.py", source) if found.rank == 0]
    found = failing(task, [source, *(mutation.source for mutation in every)])
    assert found == [[], *([mutation.test] for mutation in every)]


def test_every_quick_task_has_a_hidden_test_to_mutate(task):
    visible = {path.name: path.read_text() for path in task.glob("environment/repo/test_*.py")}
    seen = names_of_tests(visible)
    mutation = choose({"test_hidden.py": hidden(task)}, seen, Random(1))
    assert mutation.rank == 0
    assert mutation.test not in seen


def test_choice_is_the_same_for_the_same_seed_and_differs_between_seeds():
    sources = {"test_hidden.py": hidden(TASKS[0])}
    picks = {choose(sources, frozenset(), Random(seed)).source for seed in range(20)}
    assert len(picks) > 5
    again = choose(sources, frozenset(), Random(3))
    assert again == choose(sources, frozenset(), Random(3))


def test_several_choices_are_of_several_tests_where_there_are_such():
    two = "def test_a():\n    assert f() == (1, 2, 3)\ndef test_b():\n    assert g() == 2\n"
    picks = choose_several({"t.py": two}, frozenset(), Random(2), 3)
    assert {pick.test for pick in picks[:2]} == {"test_a", "test_b"}
    assert len({pick.source for pick in picks}) == 3
    assert (
        len(choose_several({"t.py": "def test_a(): assert f() == 1"}, frozenset(), Random(1), 3))
        == 1
    )


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("3", ["4"]),
        ("True", ["False"]),
        ("None", ["0"]),
        ("2.5", ["3.5"]),
        ("'a b'", ["'a c'"]),
        ("'-'", ["'-x'"]),
        (r"'\n'", [r"'\nx'"]),
        ("[]", ["[0]"]),
        ("{}", ["{0: 0}"]),
        ("[1, 'z']", ["[2, 'z']", "[1, 'y']"]),
        ("call(1)", []),
        ("name", []),
        ("b'x'", []),
    ],
)
def test_other_values_look_alike(literal, expected):
    assert list(others(literal)) == expected


@pytest.mark.parametrize(
    ("body", "rank"),
    [
        ("assert f() == 3", 0),
        ("self.assertEqual(f(), 3)", 0),
        ("assert f() is True", 1),
        ("assert f()", 2),
        ("if f():\n        return\n    assert f() == 3", None),
        ("try:\n        f()\n    except E:\n        return\n    assert False", None),
        ("yield\n    assert f() == 3", None),
        ("f()", None),
    ],
)
def test_only_assertions_that_surely_run_are_mutated(body, rank):
    text = f"def test_it(self):\n    {body}\n"
    assert min((found.rank for found in mutations("t.py", text)), default=None) == rank


def test_mutation_changes_nothing_but_the_value():
    source = "def test_it():\n    # é\n    assert f('é') == [\n        1,\n    ]  # one\n"
    (mutation,) = (found for found in mutations("t.py", source) if found.rank == 0)
    assert mutation.source == source.replace("1", "2")


def test_what_is_no_python_has_no_mutations():
    assert list(mutations("test.sh", "if x; then\n")) == []
    assert names_of_tests({"t.py": "if x; then\n"}) == frozenset()
