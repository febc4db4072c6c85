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
