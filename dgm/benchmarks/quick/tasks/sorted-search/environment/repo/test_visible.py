from search import between, count, lower_bound, nearest

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
