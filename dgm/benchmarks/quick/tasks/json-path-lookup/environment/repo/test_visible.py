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
