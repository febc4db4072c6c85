from units import convert, describe


def close(left, right):
    return abs(left - right) < 1e-6


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
