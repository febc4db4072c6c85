from intervals import conflicts, covered, gaps, merge


def test_merges_what_overlaps_or_touches():
    assert merge([(5, 8), (1, 3), (3, 4), (6, 7)]) == [(1, 4), (5, 8)]


def test_gaps_of_a_day():
    assert gaps([(9, 12), (11, 13), (15, 16)], 8, 18) == [(8, 9), (13, 15), (16, 18)]


def test_bookings_apart_do_not_conflict():
    assert conflicts([(9, 10), (11, 12), (14, 16)]) == []


def test_bookings_that_collide_are_named():
    assert ((9, 12), (11, 13)) in conflicts([(9, 12), (11, 13)])


def test_covered_points():
    assert covered([(1, 4), (2, 6), (10, 11)]) == 6
