from duration import parse, write


def test_parse():
    assert parse("2h 30m") == 9000


def test_parse_without_spaces():
    assert parse("1d2h") == 93600


def test_write_names_only_units_that_occur():
    assert write(9000) == "2h 30m"


def test_write_all_units():
    assert write(93784) == "1d 2h 3m 4s"
