from query import build, pairs, parse, unquote


def test_two_parameters():
    assert parse("http://host/find?name=ann&page=2") == {"name": ["ann"], "page": ["2"]}


def test_repeated_parameter():
    assert parse("tag=a&tag=b") == {"tag": ["a", "b"]}


def test_parameter_without_value():
    assert parse("?verbose&page=1") == {"verbose": [""], "page": ["1"]}


def test_unquote():
    assert unquote("a+b%21") == "a b!"


def test_build():
    assert build({"q": "a b", "tag": ["x", "y"]}) == "q=a+b&tag=x&tag=y"


def test_pairs_keep_their_order():
    assert pairs("b=2&a=1&b=3") == [("b", "2"), ("a", "1"), ("b", "3")]


def test_value_with_equals_signs():
    assert parse("token=YWJj==") == {"token": ["YWJj=="]}
    assert parse("expr=a=b&n=1") == {"expr": ["a=b"], "n": ["1"]}


def test_only_a_name():
    assert parse("debug") == {"debug": [""]}


def test_empty_name_and_empty_value():
    assert parse("=x") == {"": ["x"]}
    assert parse("x=") == {"x": [""]}


def test_empty_parts_are_skipped():
    assert parse("http://host/?&&a=1&") == {"a": ["1"]}


def test_fragment_is_ignored():
    assert parse("/p?a=1#top&b=2") == {"a": ["1"]}


def test_stray_percent_sign():
    assert unquote("100%") == "100%"
    assert unquote("%zz%4") == "%zz%4"


def test_unicode_round_trip():
    assert build({"é": "ü"}) == "%C3%A9=%C3%BC"
    assert pairs(build({"é + ü": "= 100%"})) == [("é + ü", "= 100%")]


def test_build_and_parse_agree():
    parameters = {"a b": ["1&2", "x=y"], "c": [""]}
    assert parse(build(parameters)) == parameters


def test_second_question_mark_belongs_to_the_value():
    assert parse("/p?q=why?") == {"q": ["why?"]}
