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


def records(*ids, **more):
    return [dict(id=name, **more) for name in ids]


def test_order_of_records_does_not_matter():
    assert diff(records(1, 2, 3), records(3, 1, 2)) == []


def test_added_records_come_last():
    changes = diff(records("a", "b"), records("c", "b", "d"))
    assert [change[:2] for change in changes] == [
        ("removed", "[id=a]"),
        ("added", "[id=c]"),
        ("added", "[id=d]"),
    ]


def test_first_records_of_an_empty_list():
    assert [c.path for c in diff({"x": []}, {"x": records(1)})] == ["x[id=1]"]
    assert [c.path for c in diff({"x": records(1)}, {"x": []})] == ["x[id=1]"]
    assert diff([], []) == []


def test_records_inside_records():
    old = [{"id": 1, "parts": [{"id": "x", "n": 1}, {"id": "y", "n": 1}]}]
    new = [{"id": 1, "parts": [{"id": "y", "n": 2}, {"id": "x", "n": 1}]}]
    assert diff(old, new) == [("changed", "[id=1].parts[id=y].n", 1, 2)]


def test_plain_lists_are_compared_place_by_place():
    assert report(["a", "b"], ["b"]) == "~ [0]: 'a' -> 'b'\n- [1]: 'b'"


def test_one_item_without_id():
    old, new = [{"id": 1}, {"name": "x"}], [{"name": "x"}, {"id": 1}]
    paths = [change.path for change in diff(old, new)]
    assert paths == ["[0].id", "[0].name", "[1].id", "[1].name"]


def test_repeated_ids():
    old, new = records(1, 1), records(1, 2)
    assert diff(old, new) == [("changed", "[1].id", 1, 2)]


def test_kinds_that_differ():
    assert diff({"a": [1]}, {"a": {"b": 1}}) == [("changed", "a", [1], {"b": 1})]
    assert diff(1, "1") == [("changed", "", 1, "1")]


def test_none_is_a_value():
    assert diff({"a": None}, {}) == [("removed", "a", None, None)]
    assert report({}, {"a": None}) == "+ a: None"


def test_equal_structures():
    data = {"a": [1, {"b": [None, 2.5]}], "c": records(1, 2, n=3)}
    assert diff(data, {"c": records(2, 1, n=3.0), "a": [1, {"b": [None, 2.5]}]}) == []


def test_keys_in_alphabetical_order():
    assert [c.path for c in diff({"b": 1, "a": 1}, {"c": 1})] == ["a", "b", "c"]
