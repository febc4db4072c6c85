from polynomial import Polynomial


def poly(text):
    return Polynomial.parse(text)


def test_parse_and_write():
    assert str(poly("3x^2 - x + 5")) == "3x^2 - x + 5"


def test_sum():
    assert str(poly("x^2 + 2x") + poly("3x - 1")) == "x^2 + 5x - 1"


def test_product_with_a_number():
    assert str(poly("x^2 - 4") * poly("3")) == "3x^2 - 12"


def test_square_of_a_sum():
    assert str(poly("x + 1") * poly("x + 1")) == "x^2 + 2x + 1"


def test_value():
    assert poly("x^3 - 2x + 1")(3) == 22


def test_product_whose_middle_cancels():
    assert str(poly("x + 3") * poly("x - 3")) == "x^2 - 9"


def test_product_of_longer_polynomials():
    assert str(poly("x^2 + x + 1") * poly("x^2 - x + 1")) == "x^4 + x^2 + 1"


def test_value_of_a_product_is_the_product_of_values():
    left, right = poly("2x^3 - x + 7"), poly("5x^2 + 4x - 3")
    for x in range(-4, 5):
        assert (left * right)(x) == left(x) * right(x)


def test_product_with_zero():
    assert str(poly("x + 1") * Polynomial()) == "0"


def test_sum_that_loses_its_highest_term():
    total = poly("x^2 + x") + poly("-x^2")
    assert total.degree == 1
    assert total == poly("x")


def test_derivative():
    assert str(poly("x^3 - 4x^2 + x - 9").derivative()) == "3x^2 - 8x + 1"
    assert str(poly("7").derivative()) == "0"


def test_terms_in_any_order():
    assert str(poly("1 + x + x^2 + x")) == "x^2 + 2x + 1"


def test_leading_minus():
    assert str(poly("-x^2 + 1")) == "-x^2 + 1"
    assert str(poly("-5")) == "-5"


def test_not_a_polynomial():
    for text in ("y", "x + y", "3^2", "xx", "x +"):
        try:
            poly(text)
        except ValueError:
            continue
        raise AssertionError("no ValueError for " + text)


def test_zero():
    assert poly("0").degree == -1
    assert str(poly("x - x")) == "0"
