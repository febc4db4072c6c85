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


def test_remove_every_key_from_every_tree():
    balanced, rising, falling = (4, 2, 6, 1, 3, 5, 7), range(1, 8), range(7, 0, -1)
    for order in (balanced, rising, falling, (3, 7, 1, 5, 2, 6, 4)):
        for gone in order:
            numbers = tree(*order)
            numbers.remove(gone)
            assert list(numbers.keys()) == [key for key in range(1, 8) if key != gone]


def test_remove_until_nothing_is_left():
    numbers = tree(4, 2, 6, 1, 3, 5, 7)
    for count, key in enumerate((4, 1, 6, 2, 7, 3, 5), start=1):
        numbers.remove(key)
        assert len(list(numbers.keys())) == 7 - count
    assert numbers.height() == 0


def test_remove_of_an_unknown_key():
    numbers = tree(2, 1, 3)
    numbers.remove(9)
    assert list(numbers.keys()) == [1, 2, 3]


def test_values_move_with_their_keys():
    numbers = tree(4, 2, 6, 5, 7)
    numbers.remove(4)
    assert [numbers.get(key) for key in (2, 5, 6, 7)] == ["2", "5", "6", "7"]


def test_floor_agrees_with_a_plain_search():
    keys = (50, 20, 80, 10, 30, 70, 90, 25)
    numbers = tree(*keys)
    for wanted in range(5, 100, 5):
        below = [key for key in keys if key <= wanted]
        assert numbers.floor(wanted) == (max(below) if below else None)


def test_floor_of_zero_and_negative_keys():
    numbers = tree(-5, 0, 5)
    assert numbers.floor(-6) is None
    assert numbers.floor(-1) == -5
    assert numbers.floor(3) == 0


def test_range_includes_its_ends():
    numbers = tree(5, 2, 8, 1, 9, 3)
    assert list(numbers.keys(3, 9)) == [3, 5, 8, 9]
    assert list(numbers.keys(low=4)) == [5, 8, 9]
    assert list(numbers.keys(low=2)) == [2, 3, 5, 8, 9]
    assert list(numbers.keys(high=2)) == [1, 2]
    assert list(numbers.keys(6, 7)) == []


def test_put_replaces():
    numbers = tree(1, 2)
    numbers.put(2, "two")
    assert numbers.get(2) == "two"
    assert list(numbers.keys()) == [1, 2]


def test_height():
    assert tree(1, 2, 3).height() == 3
    assert tree(2, 1, 3).height() == 2
    assert tree().height() == 0


def test_empty_tree():
    assert tree().floor(1) is None
    assert list(tree().keys()) == []
    assert tree().get(1, "none") == "none"
