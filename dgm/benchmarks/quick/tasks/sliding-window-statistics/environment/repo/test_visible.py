from window import Window, peaks, smoothed


def window_of(size, *values):
    window = Window(size)
    for value in values:
        window.push(value)
    return window


def test_mean_while_filling():
    assert window_of(4, 1, 2, 6).mean() == 3


def test_smoothed_sequence():
    assert smoothed([2, 4, 6, 8], 2) == [2, 3, 5, 7]


def test_running_maximum():
    assert peaks([1, 3, 2, 5, 4, 1, 0], 3) == [3, 5, 5, 5, 4]


def test_median_of_four():
    assert window_of(4, 9, 1, 4, 2).median() == 3
