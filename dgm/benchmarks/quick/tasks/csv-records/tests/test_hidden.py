from records import CsvError, column, read_csv, split_records, to_csv


def test_plain_fields():
    assert split_records("a,b\n1,,3\n") == [["a", "b"], ["1", "", "3"]]


def test_quoted_field_without_surprises():
    assert split_records('1,"two",3') == [["1", "two", "3"]]


def test_comma_between_quotes():
    line = '7,"Hill Street 4, rear",3 floors'
    assert split_records(line) == [["7", "Hill Street 4, rear", "3 floors"]]


def test_doubled_quote():
    assert split_records('"6"" pipe",2') == [['6" pipe', "2"]]


def test_reads_rows():
    rows = read_csv("id,name\n1,ann\n2,bo\n")
    assert rows == [{"id": "1", "name": "ann"}, {"id": "2", "name": "bo"}]


def test_written_text_can_be_read():
    rows = [{"id": "1", "note": "first\nsecond"}, {"id": "2", "note": 'a "b", c'}]
    assert read_csv(to_csv(rows)) == rows


def refused(text):
    try:
        read_csv(text)
    except CsvError:
        return True
    return False


def test_line_break_between_quotes():
    assert split_records('a,"b\nc",d\ne') == [["a", "b\nc", "d"], ["e"]]
    assert split_records('"x\n\ny"') == [["x\n\ny"]]


def test_empty_fields_in_quotes():
    assert split_records('"",a,""') == [["", "a", ""]]
    assert split_records(",") == [["", ""]]


def test_nothing_but_a_quote():
    assert split_records('"""",1') == [['"', "1"]]
    assert split_records('"a""",1') == [['a"', "1"]]
    assert split_records('"""a""",1') == [['"a"', "1"]]


def test_commas_alone_between_quotes():
    assert split_records('",",",,"') == [[",", ",,"]]


def test_other_delimiters():
    assert split_records('a,b;"c;d"', ";") == [["a,b", "c;d"]]
    assert split_records("a\tb", "\t") == [["a", "b"]]


def test_open_quote():
    assert refused('a,b\n1,"two\n')
    assert refused('a,b\n1,"two""')


def test_empty_lines_are_skipped():
    assert split_records("\na\n\nb\n\n") == [["a"], ["b"]]
    assert split_records("") == []


def test_blanks_are_kept():
    assert split_records("a , b") == [["a ", " b"]]
    assert split_records('" a, "') == [[" a, "]]


def test_wrong_number_of_fields():
    assert refused("a,b\n1\n")
    assert refused("a,b\n1,2,3\n")
    assert refused("a,a\n1,2\n")
    assert refused("")
    assert not refused('a,b\n1,"2,3"\n')


def test_there_and_back():
    fields = ["plain", "", "a,b", '"', '""', '","', "x\ny", ' "q" ', "\n"]
    rows = [{"one": field, "two": other} for field in fields for other in ("z", field)]
    assert read_csv(to_csv(rows)) == rows
    assert read_csv(to_csv(rows, ";"), ";") == rows


def test_column():
    assert column(read_csv('a,b\n1,"x,y"\n2,z\n'), "b") == ["x,y", "z"]
