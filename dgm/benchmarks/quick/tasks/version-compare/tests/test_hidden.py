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


def test_candidate_is_newer_than_the_version_before():
    assert compare("2.0-rc1", "1.9.9") == 1
    assert newest(["1.9.9", "2.0-rc1"]) == "2.0-rc1"


def test_two_candidates():
    assert compare("2.0-rc1", "2.0-rc2") == -1
    assert compare("2.0-alpha", "2.0-beta") == -1
    assert compare("2.0-beta", "2.0.0-beta") == 0


def test_final_version_on_the_left():
    assert compare("2.0", "2.0-rc1") == 1
    assert compare("v3.1.0", "3.1-dev") == 1


def test_whole_order():
    versions = ["1.0", "1.0-b", "0.9", "1.0.1", "1.0-a", "1.1-a"]
    order = ["0.9", "1.0-a", "1.0-b", "1.0", "1.0.1", "1.1-a"]
    assert max(versions, key=order.index) == newest(versions)
    for older, newer in zip(order, order[1:]):
        assert compare(older, newer) == -1
        assert compare(newer, older) == 1


def test_candidate_is_not_yet_compatible():
    assert not is_compatible("1.4-rc1", "1.4")
    assert is_compatible("1.4", "1.4-rc1")
    assert is_compatible("1.4", "1.4")


def test_bad_version():
    try:
        compare("1.x", "1.0")
    except ValueError:
        return
    assert False, "1.x was accepted"
