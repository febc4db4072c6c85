from brackets import depth, first_problem


def test_good_text_has_no_problem():
    assert first_problem("f(a[1], {2})") is None


def test_wrong_partner():
    assert first_problem("f(a]") == (3, "does not fit: ]")


def test_one_open_bracket():
    assert first_problem("f(a[1]") == (1, "never closed: (")


def test_several_open_brackets():
    assert first_problem("f(a, [b, {c") == (1, "never closed: (")


def test_depth():
    assert depth("(a[b]{c(d)})") == 3


def test_nothing_to_close():
    assert first_problem("a)") == (1, "nothing to close: )")
    assert first_problem("()]") == (2, "nothing to close: ]")


def test_closed_ones_are_not_open():
    assert first_problem("() [] ({x}") == (6, "never closed: (")


def test_leftmost_of_two_equal_ones():
    assert first_problem("((") == (0, "never closed: (")
    assert first_problem("x[[]") == (1, "never closed: [")


def test_closing_problem_comes_first():
    assert first_problem("(a [b) c") == (5, "does not fit: )")


def test_inner_one_is_compared():
    assert first_problem("([)]") == (2, "does not fit: )")


def test_quoted_brackets_do_not_count():
    assert first_problem('("(" + ")")') is None
    assert first_problem('"[" (') == (4, "never closed: (")


def test_depth_of_plain_text():
    assert depth("nothing here") == 0
    assert depth("()()") == 1
