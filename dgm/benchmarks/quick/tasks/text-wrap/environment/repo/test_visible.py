from wrap import justify, wrap


def test_short_text_is_one_line():
    assert wrap("hello there", 20) == ["hello there"]


def test_two_paragraphs():
    assert wrap("one\ntwo\n\n\nthree", 20) == ["one two", "", "three"]


def test_line_that_is_one_too_wide_is_broken():
    assert wrap("one two three", 12) == ["one two", "three"]


def test_long_word_is_cut():
    assert wrap("abcdefgh ij", 3) == ["abc", "def", "gh", "ij"]


def test_justify():
    assert justify("a bb c", 10) == "a   bb   c"
