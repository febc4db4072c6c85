from search import between, count, lower_bound, nearest, upper_bound

ITEMS = [1, 3, 3, 7]


def test_lower_bound():
    assert [lower_bound(ITEMS, value) for value in (0, 1, 2, 3, 4, 8)] == [0, 0, 1, 1, 3, 4]


def test_counts_in_the_middle():
    assert count(ITEMS, 3) == 2
    assert count(ITEMS, 5) == 0


def test_counts_the_largest():
    assert count(ITEMS, 7) == 1


def test_between_up_to_the_end():
    assert between(ITEMS, 3, 10) == [3, 3, 7]


def test_nearest():
    assert nearest(ITEMS, 6) == 7
    assert nearest(ITEMS, 2) == 1


def test_upper_bound():
    assert [upper_bound(ITEMS, value) for value in (0, 1, 2, 3, 4, 7, 8)] == [0, 1, 1, 3, 3, 4, 4]


def test_empty_list():
    assert lower_bound([], 1) == 0
    assert upper_bound([], 1) == 0
    assert count([], 1) == 0
    assert between([], 1, 2) == []


def test_one_item():
    assert count([4], 4) == 1
    assert upper_bound([4], 3) == 0
    assert upper_bound([4], 5) == 1


def test_all_equal():
    assert count([2] * 9, 2) == 9
    assert upper_bound([2] * 9, 1) == 0


def test_bounds_agree_with_counting():
    items = [0, 0, 2, 5, 5, 5, 9, 12]
    for value in range(-1, 14):
        assert lower_bound(items, value) == sum(item < value for item in items)
        assert upper_bound(items, value) == sum(item <= value for item in items)
        assert count(items, value) == items.count(value)


def test_between_is_inclusive():
    assert between(ITEMS, 1, 3) == [1, 3, 3]
    assert between(ITEMS, 4, 6) == []


def test_nearest_at_the_ends():
    assert nearest(ITEMS, -5) == 1
    assert nearest(ITEMS, 99) == 7
    assert nearest([2, 4], 3) == 2
