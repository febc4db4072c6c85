from differ import diff, report


def test_changed_value():
    assert diff({"a": 1}, {"a": 2}) == [("changed", "a", 1, 2)]


def test_keys_come_and_go():
    assert report({"a": 1, "b": 2}, {"b": 2, "c": 3}) == "- a: 1\n+ c: 3"


def test_nested_lists():
    assert report({"a": {"b": [1, 2]}}, {"a": {"b": [1, 5, 6]}}) == "~ a.b[1]: 2 -> 5\n+ a.b[2]: 6"


def test_true_is_not_one():
    assert diff([1, True], [1.0, 1]) == [("changed", "[1]", True, 1)]


def test_record_is_removed():
    old = {"users": [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}]}
    new = {"users": [{"id": 2, "name": "Rob"}]}
    assert report(old, new) == (
        "- users[id=1]: {'id': 1, 'name': 'Ann'}\n~ users[id=2].name: 'Bob' -> 'Rob'"
    )
