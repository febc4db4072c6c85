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
