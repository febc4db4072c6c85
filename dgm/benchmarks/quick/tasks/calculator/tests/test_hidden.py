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


def refused(text):
    try:
        calculate(text, {"x": 1})
    except CalcError:
        return True
    return False


def test_products_behind_and_before():
    assert calculate("3*4+2") == 14
    assert calculate("1+2*3-4/2") == 5
    assert calculate("2*3+4*5") == 26


def test_quotients_and_products_from_left_to_right():
    assert calculate("12/2*3") == 18
    assert calculate("12*3/2") == 18
    assert calculate("1-2+3") == 2


def test_powers_from_right_to_left():
    assert calculate("2^3^2") == 512
    assert calculate("(2^3)^2") == 64


def test_signs():
    assert calculate("2*-3") == -6
    assert calculate("2^-1") == 0.5
    assert calculate("--3") == 3
    assert calculate("-2*3+1") == -5
    assert calculate("4--3") == 7
    assert calculate("(-2)^2") == 4
    assert calculate("2^-2^1") == 0.25
    assert calculate("-x^2+1", {"x": 3}) == -8


def test_power_in_a_sum():
    assert calculate("1+2^3*2") == 17
    assert calculate("2^2+1") == 5


def test_parentheses_in_parentheses():
    assert calculate("((1+2)*(3+4)-1)/(2*(1+1))") == 5
    assert calculate("2*(3+4*(5-3))^2") == 242


def test_names_follow_the_same_rules():
    assert calculate("a+b*c^2", {"a": 1, "b": 2, "c": 3}) == 19


def test_decimals_and_blanks():
    assert calculate("  1.5 + 2 * 0.25 ") == 2.0
    assert calculate("7") == 7


def test_bad_expressions():
    for text in ("", "1+", "*2", "(1+2", "1)", "2 3", "y", "1 $ 2", "2^", "()", "1+*2"):
        assert refused(text), text


def test_zero_to_a_negative_power():
    assert refused("0^-1")
    assert refused("2+0^(1-3)")
    assert calculate("0^0") == 1
