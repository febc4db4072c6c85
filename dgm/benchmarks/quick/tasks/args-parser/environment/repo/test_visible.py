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
