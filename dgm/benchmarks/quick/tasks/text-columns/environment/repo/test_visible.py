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
