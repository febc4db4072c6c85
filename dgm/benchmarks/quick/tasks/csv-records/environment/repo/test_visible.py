from records import read_csv, split_records, to_csv


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
