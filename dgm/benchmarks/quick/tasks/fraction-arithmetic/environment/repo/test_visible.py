from ratio import Ratio


def test_lowest_terms():
    assert str(Ratio(6, 8)) == "3/4"


def test_sum():
    assert str(Ratio(1, 2) + Ratio(1, 3)) == "5/6"


def test_whole_number():
    assert str(Ratio(8, 4)) == "2"


def test_division_by_a_negative_fraction():
    assert str(Ratio(1, 2) / Ratio(-3, 4)) == "-2/3"
