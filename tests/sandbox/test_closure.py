from dgm.sandbox.closure import reached
from dgm.sandbox.interpreter import Interpreter

PYTHON = Interpreter("3.11.2", "x86_64", "a", 36)
NEEDS = {
    "agent": ["client[fast]>=2", "data_sets"],
    "client": ["base", 'speed; extra == "fast"', 'colour; extra == "nice"'],
    "base": ['old; python_version < "3.11"'],
    "data-sets": ["base", "frames"],
    "frames": ["numbers"],
    "speed": [],
    "colour": [],
    "old": [],
    "numbers": [],
}


def test_everything_a_list_needs_is_reached_and_nothing_else():
    whole = {"agent", "client", "base", "speed", "data-sets", "frames", "numbers"}
    assert reached(["agent==1"], NEEDS, [], PYTHON) == whole


def test_what_only_a_left_out_package_needs_goes_with_it():
    assert reached(["agent"], NEEDS, ["data-sets"], PYTHON) == {"agent", "client", "base", "speed"}
    more = reached(["agent", "frames"], NEEDS, ["data-sets"], PYTHON)
    assert more == {"agent", "client", "base", "speed", "frames", "numbers"}


def test_extras_asked_for_later_count_too():
    found = reached(["client", "client[nice]"], NEEDS, [], PYTHON)
    assert found == {"client", "base", "colour"}


def test_packages_that_need_each_other_come_to_an_end():
    assert reached(["a"], {"a": ["b"], "b": ["a[x]"]}, [], PYTHON) == {"a", "b"}
