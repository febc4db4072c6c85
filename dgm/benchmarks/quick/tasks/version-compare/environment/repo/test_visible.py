from versions import compare, is_compatible, newest


def test_numbers_are_not_compared_as_text():
    assert compare("1.9", "1.10") == -1
    assert newest(["1.9", "1.10", "1.2"]) == "1.10"


def test_missing_numbers_are_zero():
    assert compare("1.4", "v1.4.0") == 0


def test_final_version_is_newer_than_its_candidate():
    assert compare("2.0-rc1", "2.0") == -1
    assert newest(["2.0-rc1", "2.0"]) == "2.0"


def test_compatible_within_a_major_number():
    assert is_compatible("1.5", "1.4.2")
    assert not is_compatible("2.0", "1.4")
