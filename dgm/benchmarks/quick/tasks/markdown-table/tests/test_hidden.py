from mdtable import TableError, format_table, pad, split_row


def test_left_and_right():
    table = format_table("|item|price|\n|---|--:|\n|tea|2|\n|cake|12|")
    assert table.splitlines() == [
        "| item | price |",
        "| ---- | ----: |",
        "| tea  |     2 |",
        "| cake |    12 |",
    ]


def test_centred_column():
    table = format_table("|name|state|\n|---|:-:|\n|disk|ok|\n|fan|failed|")
    assert table.splitlines() == [
        "| name | state  |",
        "| ---- | :----: |",
        "| disk |   ok   |",
        "| fan  | failed |",
    ]


def test_bar_in_a_cell():
    assert split_row(r"| a \| b | c |") == [r"a \| b", "c"]


def test_marks_must_match_the_header():
    try:
        format_table("|a|b|\n|---|")
    except TableError:
        return
    assert False, "a missing mark was accepted"


def test_centred_text_is_always_padded_to_the_width():
    for width in range(4, 10):
        for length in range(0, 5):
            assert len(pad("x" * length, width, "center")) == width


def test_extra_blank_goes_to_the_right():
    assert pad("ab", 5, "center") == " ab  "
    assert pad("abc", 4, "center") == "abc "
    assert pad("ab", 4, "center") == " ab "


def test_all_lines_are_equally_long():
    table = format_table("a|b|c\n:-|:-:|-:\n1|22|333\n4444|55555|6\n|7777777|")
    assert len({len(line) for line in table.splitlines()}) == 1


def test_three_is_the_least_width():
    assert format_table("|a|\n|-|\n|b|").splitlines() == ["| a   |", "| --- |", "| b   |"]
    assert format_table("|a|\n|:-:|").splitlines() == ["|  a  |", "| :-: |"]


def test_short_and_long_rows():
    table = format_table("|one|two|\n|---|---|\n|x|\n|y|z|dropped|")
    assert table.splitlines()[2:] == ["| x   |     |", "| y   | z   |"]


def test_colon_on_the_left_is_left():
    assert format_table("|abcd|\n|:--|\n|x|").splitlines()[1:] == ["| ---- |", "| x    |"]


def test_rows_without_outer_bars():
    assert split_row("a | b") == ["a", "b"]
    assert split_row("| a |  | c |") == ["a", "", "c"]


def test_bad_mark():
    for mark in ("|abc|", "|:|", "|-x-|"):
        try:
            format_table("|a|\n" + mark)
        except TableError:
            continue
        assert False, mark


def test_formatting_twice_changes_nothing():
    table = format_table("|name|n|\n|:-:|--:|\n|odd|1|\n|even|22|")
    assert format_table(table) == table
