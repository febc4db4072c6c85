from columns import shortened, table


def test_words_are_aligned_left():
    assert table([["a", "bcd"], ["efg", "h"]]) == "a    bcd\nefg  h"


def test_numbers_are_aligned_right():
    assert table([["tea", 5], ["milk", 12]]) == "tea    5\nmilk  12"


def test_header_follows_its_column():
    text = table([["tea", "5.50"], ["milk", "12"]], header=["item", "price"])
    assert text.splitlines() == [
        "item  price",
        "----  -----",
        "tea    5.50",
        "milk     12",
    ]


def test_shortened():
    assert shortened("a long story", 9) == "a long..."
    assert shortened("short", 5) == "short"


def test_header_of_a_number_column_goes_right():
    assert table([[1000], [7]], header=["n"]).splitlines() == ["   n", "----", "1000", "   7"]


def test_header_that_looks_like_a_number():
    text = table([["red"], ["blue"]], header=["2024"])
    assert text.splitlines() == ["2024", "----", "red", "blue"]


def test_first_row_counts_without_header():
    assert table([["a"], [10]]) == "a\n10"


def test_last_row_counts():
    assert table([[1, "x"], [22, "y"], ["z", "w"]]) == "1   x\n22  y\nz   w"


def test_empty_cells_do_not_make_a_column_text():
    assert table([["a", 1], ["b", ""], ["c", 100]]) == "a    1\nb\nc  100"


def test_short_rows_are_completed():
    assert table([["a"], ["b", "c"]]) == "a\nb  c"


def test_negative_numbers_and_decimals():
    assert table([["-5"], ["1.25"]]) == "  -5\n1.25"


def test_wide_cells_are_shortened():
    assert table([["abcdefghij", "x"]], max_width=6) == "abc...  x"
    assert table([["abcdefghij"]], max_width=3) == "abc"


def test_gap():
    assert table([["a", "b"]], gap=1) == "a b"


def test_nothing():
    assert table([]) == ""


def test_header_without_rows():
    assert table([], header=["a", "bc"]) == "a  bc\n-  --"
