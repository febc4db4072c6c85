from units import convert, describe


def close(left, right):
    return abs(float(left) - right) < 1e-6


def test_kilometres_to_metres():
    assert close(convert(5, "km", "m"), 5000)


def test_metres_to_kilometres():
    assert close(convert(2500, "m", "km"), 2.5)


def test_description_in_metres():
    assert describe(5, "km", "m") == "5 km = 5000 m"


def test_celsius_to_kelvin():
    assert close(convert(20, "C", "K"), 293.15)


def test_unknown_unit():
    try:
        convert(1, "m", "mile")
    except ValueError as error:
        assert "mile" in str(error)
        return
    raise AssertionError("no ValueError")


def test_celsius_to_fahrenheit():
    assert close(convert(100, "C", "F"), 212)
    assert close(convert(-40, "C", "F"), -40)


def test_fahrenheit_to_celsius():
    assert close(convert(32, "F", "C"), 0)


def test_inches_and_centimetres():
    assert close(convert(10, "in", "cm"), 25.4)
    assert close(convert(25.4, "cm", "in"), 10)


def test_same_unit():
    assert close(convert(7, "kg", "kg"), 7)
    assert close(convert(7, "F", "F"), 7)


def test_grams_to_kilograms():
    assert close(convert(1, "g", "kg"), 0.001)


def test_different_quantities():
    try:
        convert(1, "m", "kg")
    except ValueError:
        return
    raise AssertionError("no ValueError")


def test_description_is_rounded():
    assert describe(1, "in", "cm") == "1 in = 2.54 cm"
    assert describe(1, "m", "in", digits=1) == "1 m = 39.4 in"
