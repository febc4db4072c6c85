from intervals import conflicts, covered, gaps, merge, overlap


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


def test_only_the_colliding_pair():
    assert conflicts([(15, 16), (11, 13), (9, 12)]) == [((9, 12), (11, 13))]


def test_touching_is_no_conflict():
    assert conflicts([(1, 3), (3, 5)]) == []
    assert not overlap((3, 5), (1, 3))


def test_overlap_works_both_ways():
    for first, second in [((1, 5), (2, 3)), ((1, 3), (2, 5)), ((1, 2), (1, 2))]:
        assert overlap(first, second)
        assert overlap(second, first)
    assert not overlap((1, 2), (8, 9))
    assert not overlap((8, 9), (1, 2))


def test_three_in_each_other():
    assert len(conflicts([(1, 10), (2, 9), (3, 8)])) == 3


def test_merge_keeps_the_longer_end():
    assert merge([(1, 10), (2, 3), (12, 13)]) == [(1, 10), (12, 13)]
    assert merge([]) == []


def test_gaps_cut_to_the_window():
    assert gaps([(0, 5), (20, 30)], 2, 10) == [(5, 10)]
    assert gaps([], 2, 4) == [(2, 4)]
    assert gaps([(0, 9)], 2, 4) == []
