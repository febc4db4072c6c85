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
