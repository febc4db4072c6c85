from ratio import Ratio


def test_lowest_terms():
    assert str(Ratio(6, 8)) == "3/4"


def test_sum():
    assert str(Ratio(1, 2) + Ratio(1, 3)) == "5/6"


def test_whole_number():
    assert str(Ratio(8, 4)) == "2"


def test_division_by_a_negative_fraction():
    assert str(Ratio(1, 2) / Ratio(-3, 4)) == "-2/3"


def test_negative_denominator_moves_its_sign():
    assert str(Ratio(1, -2)) == "-1/2"
    assert Ratio(1, -2).denominator == 2


def test_two_signs_cancel():
    assert Ratio(-3, -9) == Ratio(1, 3)


def test_negative_numerator():
    assert str(Ratio(-4, 6)) == "-2/3"


def test_order_with_negative_denominators():
    assert Ratio(5, -1) < Ratio(1, 5)
    assert not Ratio(1, 5) < Ratio(5, -1)


def test_product():
    assert str(Ratio(2, 3) * Ratio(9, 4)) == "3/2"
    assert str(Ratio(2, 3) * Ratio(-3, 2)) == "-1"


def test_sum_to_zero():
    assert str(Ratio(1, 2) + Ratio(1, -2)) == "0"
    assert Ratio(0, 7).denominator == 1


def test_zero_denominator():
    try:
        Ratio(1, 0)
    except ZeroDivisionError:
        return
    raise AssertionError("no ZeroDivisionError")


def test_divide_by_zero():
    try:
        Ratio(1, 2) / Ratio(0)
    except ZeroDivisionError:
        return
    raise AssertionError("no ZeroDivisionError")
