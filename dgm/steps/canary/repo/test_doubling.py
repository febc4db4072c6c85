from doubling import double


def test_double_of_two():
    assert double(2) == 4


def test_double_of_four():
    assert double(4) == 8
