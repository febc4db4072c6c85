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


def refused(function, text):
    try:
        function(text)
    except ValueError:
        return True
    return False


def test_wholly_fixed_references_stay():
    assert copy_formula("=$A$1+$ZZ$99", 5, 7) == "=$A$1+$ZZ$99"
    assert copy_formula("=$A$1+B2", -1, -1) == "=$A$1+A1"


def test_fixed_column_only():
    assert copy_formula("=$B5", 3, 4) == "=$B9"
    assert copy_formula("=$B5", 3, 0) == "=$B5"


def test_fixed_row_only():
    assert copy_formula("=B$5", 3, 4) == "=E$5"
    assert copy_formula("=B$5", 0, 4) == "=B$5"


def test_leaving_the_sheet():
    assert copy_formula("=A1+B2", -1, 0) == "=#REF!+A2"
    assert copy_formula("=A2+$A1", 0, -1) == "=A1+#REF!"
    assert copy_formula("=A$1", 0, -1) == "=A$1"


def test_ranges_of_one_row_and_one_column():
    assert expand("B2:D2") == ["B2", "C2", "D2"]
    assert expand("B2:B4") == ["B2", "B3", "B4"]
    assert expand("C3:C3") == ["C3"]


def test_corners_in_any_order():
    assert expand("C2:A1") == expand("A1:C2")
    assert expand("A2:B1") == ["A1", "B1", "A2", "B2"]


def test_range_across_z():
    assert expand("Y1:AB1") == ["Y1", "Z1", "AA1", "AB1"]


def test_formula_with_range_text_and_function():
    formula = '=SUM(A1:$B$3)&"A1"&LOG10(C1)'
    assert copy_formula(formula, 1, 1) == '=SUM(B2:$B$3)&"A1"&LOG10(D2)'


def test_columns_there_and_back():
    for number in list(range(1, 60)) + [700, 702, 703, 18278]:
        assert column_number(column_letters(number)) == number


def test_no_references():
    assert refused(parse, "A0")
    assert refused(parse, "7B")
    assert refused(parse, "a1")
    assert refused(expand, "A1")
    assert refused(expand, "A1:B2:C3")
