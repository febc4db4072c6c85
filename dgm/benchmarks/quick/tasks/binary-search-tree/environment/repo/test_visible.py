from search_tree import SearchTree


def tree(*keys):
    return SearchTree((key, str(key)) for key in keys)


def test_keys_come_in_order():
    assert list(tree(5, 2, 8, 1, 9, 3).keys()) == [1, 2, 3, 5, 8, 9]


def test_values():
    assert tree(5, 2, 8).get(2) == "2"
    assert tree(5, 2, 8).get(7) is None


def test_remove_a_leaf():
    numbers = tree(5, 2, 8)
    numbers.remove(2)
    assert list(numbers.keys()) == [5, 8]


def test_remove_keeps_what_is_below():
    numbers = tree(9, 6, 4, 5)
    numbers.remove(6)
    assert list(numbers.keys()) == [4, 5, 9]


def test_keys_of_a_range():
    assert list(tree(5, 2, 8, 1, 9, 3).keys(2, 8)) == [2, 3, 5, 8]


def test_floor():
    numbers = tree(10, 20, 30, 40)
    assert numbers.floor(35) == 30
    assert numbers.floor(40) == 40
