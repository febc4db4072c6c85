from roman import from_roman, to_roman


def test_writes_small_numbers():
    assert [to_roman(n) for n in (1, 4, 8, 9)] == ["I", "IV", "VIII", "IX"]


def test_reads_pairs_that_subtract():
    assert from_roman("XIV") == 14
    assert from_roman("MCMXLIV") == 1944


def test_reads_repeated_letters():
    assert from_roman("VIII") == 8
    assert from_roman("XX") == 20


def test_refuses_strange_letters():
    try:
        from_roman("XA")
    except ValueError:
        return
    assert False, "XA was accepted"


def refused(function, value):
    try:
        function(value)
    except ValueError:
        return True
    return False


def test_every_numeral_reads_back():
    for number in list(range(1, 120)) + [399, 888, 1666, 1999, 2024, 3888, 3999]:
        assert from_roman(to_roman(number)) == number


def test_small_letters():
    assert from_roman("mmxxiv") == 2024


def test_refuses_unusual_forms():
    for numeral in ("IIII", "VX", "IC", "VV", "IIX", "XXXX", "MMMM"):
        assert refused(from_roman, numeral), numeral


def test_refuses_the_empty_numeral():
    assert refused(from_roman, "")


def test_writes_only_from_1_to_3999():
    assert refused(to_roman, 0)
    assert refused(to_roman, 4000)
    assert to_roman(3999) == "MMMCMXCIX"


def test_writes_large_numbers():
    assert to_roman(1944) == "MCMXLIV"
    assert to_roman(2024) == "MMXXIV"
