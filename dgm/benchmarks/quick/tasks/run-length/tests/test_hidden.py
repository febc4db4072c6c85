from rle import decode, encode


def test_encodes_runs():
    assert encode("WWWWB") == "4WB"
    assert encode("aabbb") == "2a3b"


def test_decodes_one_run():
    assert decode("4W") == "WWWW"


def test_decodes_single_letters():
    assert decode("abc") == "abc"


def test_decodes_several_runs():
    assert decode("2a3b") == "aabbb"


def refused(function, text):
    try:
        function(text)
    except ValueError:
        return True
    return False


def test_counts_of_several_digits():
    assert decode("12x") == "x" * 12
    assert decode("a10b100c") == "a" + "b" * 10 + "c" * 100


def test_there_and_back():
    for text in ("", "a", "aa", "aab", "abb", "aabbccd", "a" * 25 + "b" + "c" * 11, "  --  "):
        assert decode(encode(text)) == text


def test_single_letters_between_runs():
    assert decode("3ab2cd") == "aaabccd"


def test_encodes_nothing_and_singles():
    assert encode("") == ""
    assert encode("abc") == "abc"
    assert encode("a" * 12) == "12a"


def test_refuses_digits():
    assert refused(encode, "a1")


def test_refuses_a_count_at_the_end():
    assert refused(decode, "2a3")
    assert refused(decode, "7")
