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


def test_mean_after_many_values():
    window = window_of(3, *range(100))
    assert window.mean() == 98


def test_window_of_one():
    window = window_of(1, 5, 7, 3)
    assert (window.mean(), window.maximum(), window.median()) == (3, 3, 3)


def test_negative_values():
    assert smoothed([-1, -3, -5], 2) == [-1, -2, -4]


def test_empty_window():
    window = Window(3)
    assert window.mean() is None
    assert window.maximum() is None
    assert window.median() is None
    assert window.spread() is None


def test_equal_maxima_leave_one_by_one():
    assert peaks([5, 5, 1, 1, 2], 2) == [5, 5, 1, 2]


def test_median_and_spread_forget():
    window = window_of(3, 100, 1, 2, 3)
    assert window.median() == 2
    assert window.spread() == 2


def test_mean_is_a_fraction():
    assert window_of(2, 1, 2).mean() == 1.5
    assert window_of(2, 1, 2).median() == 1.5


def test_agrees_with_counting_anew():
    values = [(7 * i * i + 3 * i) % 23 for i in range(40)]
    window = Window(5)
    for end, value in enumerate(values, start=1):
        window.push(value)
        last = values[max(0, end - 5) : end]
        assert window.mean() == sum(last) / len(last)
        assert window.maximum() == max(last)
        assert window.spread() == max(last) - min(last)
        ordered, half = sorted(last), len(last) // 2
        assert window.median() == (ordered[half] + ordered[-half - 1]) / 2


def test_size_must_be_positive():
    try:
        Window(0)
    except ValueError:
        return
    raise AssertionError("no ValueError")
