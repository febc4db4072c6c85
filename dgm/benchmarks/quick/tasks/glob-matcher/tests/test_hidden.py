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


def test_negated_class_refuses_its_members():
    assert not match("a7", "[!abc]7")
    assert not match("b", "[!a-c]")
    assert match("d", "[!a-c]")


def test_negated_class_needs_a_character():
    assert not match("", "[!a]")
    assert not match("7", "[!a]7")


def test_exclamation_mark_later_in_a_class():
    assert match("!", "[a!]")
    assert match("a", "[a!]")
    assert not match("b", "[a!]")


def test_star_does_not_cross_slashes():
    assert not match("src/a.py", "*.py")
    assert match("src/a.py", "src/*.py")


def test_double_star():
    assert match("a.py", "**/a.py")
    assert match("x/y/a.py", "**/a.py")
    assert match("src/x/a.py", "src/**")
    assert not match("lib/a.py", "src/**")


def test_hyphen_at_the_edge_of_a_class():
    assert match("-", "[a-]")
    assert match("a", "[a-]")
    assert not match("b", "[a-]")


def test_bracket_that_is_never_closed():
    assert match("[a", "[a")
    assert not match("a", "[a")


def test_closing_bracket_as_first_member():
    assert match("]", "[]]")
    assert not match("]", "[!]]")


def test_several_stars():
    assert match("abcabc", "a*b*c")
    assert not match("abcab", "a*b*c")


def test_select_by_a_single_rule():
    assert select(["a.py", "b.md"], ["*.py"]) == ["a.py"]
    assert select(["a.py", "b.md"], ["!*.py"]) == []


def test_select_without_rules():
    assert select(["a.py"], []) == []
    assert select([], ["*"]) == []


def test_taken_away_and_chosen_again():
    assert select(["a1", "a2", "b1"], ["*", "!a*", "a2"]) == ["a2", "b1"]
    assert select(["a1", "b1"], ["!a*", "*"]) == ["a1", "b1"]


def test_last_rule_wins():
    rules = ["**/*.py", "!test/**", "test/keep.py"]
    paths = ["a.py", "test/b.py", "test/keep.py", "x/y.py", "z.md"]
    assert select(paths, rules) == ["a.py", "test/keep.py", "x/y.py"]


def test_nothing_matches_nothing():
    assert match("", "*")
    assert not match("", "?")
