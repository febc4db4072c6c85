from arguments import Parser, UsageError


def parse(*arguments):
    parser = Parser()
    parser.flag("verbose", short="v")
    parser.flag("color", default=True)
    parser.option("level", short="l", default=1, kind=int)
    parser.option("tag", short="t", many=True)
    parser.positional("source")
    return parser.parse(list(arguments))


def test_defaults():
    expected = {"verbose": False, "color": True, "level": 1, "tag": [], "source": "a", "rest": []}
    assert parse("a") == expected


def test_flags_and_options():
    result = parse("-v", "--level", "3", "a", "--tag=x", "-ty")
    assert result["verbose"] is True
    assert result["level"] == 3
    assert result["tag"] == ["x", "y"]


def test_flag_is_switched_off():
    assert parse("--no-color", "a")["color"] is False


def test_everything_after_two_dashes_is_positional():
    result = parse("--", "-file", "--no-color")
    assert result["source"] == "-file"
    assert result["rest"] == ["--no-color"]


def test_unknown_option():
    try:
        parse("a", "--size=3")
    except UsageError as error:
        assert "size" in str(error)
        return
    raise AssertionError("no UsageError")


def refused(*arguments):
    try:
        parse(*arguments)
    except UsageError:
        return True
    return False


def test_last_switch_wins():
    assert parse("--verbose", "--no-verbose", "a")["verbose"] is False
    assert parse("--no-color", "--color", "a")["color"] is True


def test_two_dashes_behind_positionals():
    result = parse("a", "--", "b", "-c", "--")
    assert result["source"] == "a"
    assert result["rest"] == ["b", "-c", "--"]


def test_two_dashes_with_nothing_behind():
    assert parse("a", "--")["rest"] == []
    assert parse("a", "--", "b")["rest"] == ["b"]


def test_missing_positional():
    assert refused()
    assert refused("--verbose")
    assert refused("--")


def test_missing_value():
    assert refused("a", "--level")
    assert refused("a", "-l")


def test_value_of_the_wrong_kind():
    assert refused("a", "--level=high")
    assert refused("a", "-lx")


def test_flags_take_no_value():
    assert refused("a", "--verbose=1")
    assert refused("a", "--no-color=1")


def test_single_dash_is_positional():
    assert parse("-")["source"] == "-"


def test_value_may_hold_equals_signs_and_dashes():
    assert parse("a", "--tag=x=y", "--tag", "--z")["tag"] == ["x=y", "--z"]
    assert parse("a", "--tag=")["tag"] == [""]


def test_calls_do_not_share_lists():
    assert parse("a", "-tx")["tag"] == ["x"]
    assert parse("a")["tag"] == []


def test_unknown_names():
    assert refused("a", "-x")
    assert refused("a", "--no-level")
    assert refused("a", "--no-such")


def test_left_over():
    assert parse("a", "b", "-v", "c")["rest"] == ["b", "c"]
