from calc import CalcError, calculate


def test_left_to_right():
    assert calculate("10-3-2") == 5
    assert calculate("16/4/2") == 2


def test_parentheses_and_names():
    assert calculate("2 * (x + 1)", {"x": 4}) == 10


def test_products_before_sums():
    assert calculate("2+3*4") == 14
    assert calculate("10-2*3") == 4


def test_powers_before_products():
    assert calculate("2*3^2") == 18


def test_sign_before_a_power():
    assert calculate("-2^2") == -4


def test_division_by_zero():
    try:
        calculate("1/(2-2)")
    except CalcError:
        return
    assert False, "divided by zero"
