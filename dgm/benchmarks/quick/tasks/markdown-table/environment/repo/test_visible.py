from mdtable import TableError, format_table, split_row


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
