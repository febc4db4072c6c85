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
