from cells import column_letters, column_number, copy_formula, expand, parse


def test_column_names():
    names = [column_letters(number) for number in (1, 26, 27, 52, 703)]
    assert names == ["A", "Z", "AA", "AZ", "AAA"]
    assert column_number("AZ") == 52


def test_parses_marks():
    assert parse("$C7") == (3, 7, True, False)


def test_copies_free_references():
    assert copy_formula("=A1+B2*2", 1, 2) == "=B3+C4*2"


def test_copies_fixed_references():
    assert copy_formula("=$A1+B$2", 1, 2) == "=$A3+C$2"


def test_range():
    assert expand("A1:C2") == ["A1", "B1", "C1", "A2", "B2", "C2"]
