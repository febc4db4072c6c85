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


LONG = "it is a truth that all of us are to go on as we are if no one of us is at the top"


def test_example():
    assert wrap("the quick brown fox jumps", 11) == ["the quick", "brown fox", "jumps"]


def test_line_of_exactly_the_width():
    assert wrap("one two three", 13) == ["one two three"]
    assert wrap("ab cd ef", 5) == ["ab cd", "ef"]


def test_no_line_is_too_wide():
    for width in range(3, 40):
        lines = wrap(LONG, width)
        assert max(len(line) for line in lines) <= width
        assert "".join(lines).replace(" ", "") == LONG.replace(" ", "")


def test_lines_are_as_full_as_they_can_be():
    for width in (6, 10, 17):
        lines = wrap(LONG, width)
        for line, following in zip(lines, lines[1:]):
            assert len(line) + 1 + len(following.split()[0]) > width


def test_list_items():
    text = "Things:\n\n- the first of two things\n\n- the second\n\nThe end"
    assert wrap(text, 12) == [
        "Things:", "", "- the first", "  of two", "  things", "- the second", "", "The end",
    ]


def test_piece_of_a_long_word_shares_a_line():
    assert wrap("abcdef g h", 4) == ["abcd", "ef g", "h"]


def test_empty_text():
    assert wrap("", 10) == []
    assert wrap("\n\n", 10) == []


def test_small_width_is_refused():
    try:
        wrap("a", 2)
    except ValueError:
        return
    assert False, "width 2 was accepted"


def test_justify_more_blanks_on_the_left():
    assert justify("a b c", 8) == "a   b  c"
    assert justify("word", 8) == "word"
