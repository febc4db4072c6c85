from stats import bin_counts, draw, mean, percentile


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
