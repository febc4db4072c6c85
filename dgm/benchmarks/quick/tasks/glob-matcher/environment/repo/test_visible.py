from globs import match, select


def test_star():
    assert match("report.txt", "*.txt")
    assert not match("report.txt", "*.md")


def test_question_mark():
    assert match("a1", "a?")
    assert not match("a", "a?")


def test_class():
    assert match("b3", "[abc][0-9]")
    assert not match("d3", "[abc][0-9]")


def test_negated_class():
    assert match("x7", "[!abc]7")
    assert not match("a7", "[!abc]7")


def test_select():
    assert select(["a.py", "b.py", "c.md"], ["*.py", "!b*"]) == ["a.py"]
