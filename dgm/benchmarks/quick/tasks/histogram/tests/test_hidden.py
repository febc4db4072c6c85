from stats import bin_borders, bin_counts, draw, mean, nearest_rank, percentile


def test_mean_and_median():
    assert mean([1, 2, 6]) == 3
    assert percentile([5, 1, 3], 50) == 3


def test_percentile_between_two_numbers():
    assert percentile([10, 20, 30, 40], 25) == 17.5


def test_bins_with_whole_borders():
    assert bin_counts([0, 1, 2, 3, 4], 2) == [2, 3]


def test_bins_with_broken_borders():
    assert bin_counts([0, 1, 2, 3, 4, 5, 6, 7], 3) == [3, 2, 3]


def test_drawing():
    assert draw([0, 1, 2, 3, 4, 4], 2, width=4) == "0 | ## 2\n2 | #### 4"


def refused(function, *arguments):
    try:
        function(*arguments)
    except ValueError:
        return True
    return False


def test_borders():
    assert bin_borders([3, 1, 2], 4) == [1, 1.5, 2, 2.5, 3]
    assert bin_borders([0, 10], 4) == [0, 2.5, 5, 7.5, 10]


def test_small_decimals():
    assert bin_borders([0.25, 0.75], 2) == [0.25, 0.5, 0.75]
    assert bin_counts([0.25, 0.3, 0.5, 0.75], 2) == [2, 2]


def test_more_bins_than_the_range_is_wide():
    assert bin_counts([0, 0, 1, 1, 1], 4) == [2, 0, 0, 3]


def test_ten_numbers_in_four_bins():
    assert bin_counts(list(range(10)), 4) == [3, 2, 2, 3]


def test_negative_numbers():
    assert bin_counts([-3, -1, 0, 2], 2) == [2, 2]
    assert bin_borders([-5, 0], 2) == [-5, -2.5, 0]


def test_equal_numbers_are_in_one_bin():
    assert sum(bin_counts([4, 4, 4], 3)) == 3
    assert bin_counts([4], 1) == [1]


def test_drawing_with_broken_borders():
    assert draw([0, 1, 5], 2, width=4) == "  0 | #### 2\n2.5 | ## 1"
    assert draw([0, 0, 3], 3, width=2, mark="*") == "0 | ** 2\n1 | 0\n2 | * 1"


def test_ends_of_the_percentiles():
    assert percentile([7, 3, 9], 0) == 3
    assert percentile([7, 3, 9], 100) == 9
    assert percentile([7], 30) == 7


def test_nearest_rank():
    assert nearest_rank([15, 20, 35, 40, 50], 30) == 20
    assert nearest_rank([15, 20, 35, 40, 50], 100) == 50
    assert nearest_rank([15, 20], 0) == 15


def test_bad_input():
    assert refused(mean, [])
    assert refused(percentile, [], 50)
    assert refused(percentile, [1], 101)
    assert refused(bin_counts, [1, 2], 0)
    assert refused(bin_counts, [], 2)
