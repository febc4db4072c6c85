from json_path import PathError, find, first

SHOP = {
    "name": "corner shop",
    "books": [
        {"title": "Maps", "price": 8, "author": {"name": "Ann"}},
        {"title": "Birds", "price": 12},
    ],
    "till": {"price": 99, "main colour": "red"},
}


def test_names_and_indices():
    assert find(SHOP, "$.books[0].title") == ["Maps"]
    assert find(SHOP, "$.books[-1].title") == ["Birds"]


def test_star():
    assert find(SHOP, "$.books[*].price") == [8, 12]


def test_quoted_name():
    assert first(SHOP, "$.till['main colour']") == "red"


def test_nothing_found():
    assert find(SHOP, "$.books[7].title") == []
    assert first(SHOP, "$.owner", default="nobody") == "nobody"


def test_any_depth():
    assert find(SHOP, "$..price") == [8, 12, 99]


def test_unreadable_path():
    try:
        find(SHOP, "$.books[")
    except PathError:
        return
    raise AssertionError("no PathError")


def unreadable(path):
    try:
        find(SHOP, path)
    except PathError:
        return True
    return False


def test_any_depth_from_the_outside_in():
    assert find(SHOP, "$..name") == ["corner shop", "Ann"]


def test_any_depth_below_a_step():
    assert find(SHOP, "$.books..price") == [8, 12]
    assert find(SHOP, "$.till..price") == [99]


def test_steps_after_any_depth():
    assert find(SHOP, "$..author.name") == ["Ann"]
    assert find(SHOP, "$..books[1].title") == ["Birds"]
    assert find(SHOP, "$..price.cents") == []


def test_same_name_inside_itself():
    data = {"part": {"id": 1, "part": {"id": 2, "part": {"id": 3}}}}
    assert find(data, "$..part.id") == [1, 2, 3]


def test_any_depth_through_lists_of_lists():
    assert find([[{"x": 1}], [[{"x": 2}]], {"y": {"x": 3}}], "$..x") == [1, 2, 3]


def test_star_at_any_depth():
    assert find({"a": [1, {"b": 2}]}, "$..*") == [[1, {"b": 2}], 1, {"b": 2}, 2]


def test_any_depth_without_a_match():
    assert find(SHOP, "$..isbn") == []
    assert first(3, "$..x", default="none") == "none"


def test_star_on_a_dict():
    assert find(SHOP, "$.till.*") == [99, "red"]
    assert find(SHOP, "$.books[0].*") == ["Maps", 8, {"name": "Ann"}]


def test_whole_data():
    assert find(SHOP, "$") == [SHOP]


def test_falsy_values_are_found():
    data = {"a": 0, "b": [None, False]}
    assert find(data, "$.a") == [0]
    assert find(data, "$.b[*]") == [None, False]
    assert find({"x": {"a": 0}}, "$..a") == [0]


def test_unreadable_paths():
    for path in ("", "books", "$books", "$.", "$..", "$...a", "$.a..", "$[x]", "$.a b"):
        assert unreadable(path), path
