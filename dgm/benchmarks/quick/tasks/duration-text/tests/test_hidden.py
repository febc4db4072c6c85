from duration import parse, write


def test_parse():
    assert parse("2h 30m") == 9000


def test_parse_without_spaces():
    assert parse("1d2h") == 93600


def test_write_names_only_units_that_occur():
    assert write(9000) == "2h 30m"


def test_write_all_units():
    assert write(93784) == "1d 2h 3m 4s"


def refused(text):
    try:
        parse(text)
    except ValueError:
        return True
    return False


def test_write_zero():
    assert write(0) == "0s"


def test_write_a_single_unit():
    assert write(5) == "5s"
    assert write(60) == "1m"
    assert write(86400) == "1d"


def test_write_with_a_gap():
    assert write(86405) == "1d 5s"
    assert write(3601) == "1h 1s"


def test_write_cuts_off_small_parts():
    assert write(93784, parts=2) == "1d 2h"
    assert write(93784, parts=1) == "1d"
    assert write(86405, parts=2) == "1d 5s"
    assert write(59, parts=1) == "59s"


def test_parse_refuses_nonsense():
    assert refused("")
    assert refused("5")
    assert refused("h5")
    assert refused("5 weeks")


def test_parse_adds_repeated_units():
    assert parse("1m 1m") == 120


def test_round_trip():
    for seconds in (1, 59, 61, 3599, 7200, 90061, 172799):
        assert parse(write(seconds)) == seconds
