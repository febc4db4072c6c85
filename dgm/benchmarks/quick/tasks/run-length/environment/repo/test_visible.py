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
