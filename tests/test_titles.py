"""Shortened lines end at a word, and are never longer than asked for."""

import pytest

from dgm.titles import counted, shortened


@pytest.mark.parametrize(
    ("line", "width", "expected"),
    [
        ("as it is", 8, "as it is"),
        ("", 8, ""),
        ("Show the tail of long output", 12, "Show the…"),
        ("Show the tail of long output", 13, "Show the…"),
        ("Show the tail of long output", 14, "Show the tail…"),
        ("Show the tail of long output", 15, "Show the tail…"),
        ("a word-that-has-no-end-to-speak-of", 12, "a word-that…"),
        ("\u6539\u5584" * 20, 5, "\u6539\u5584" * 2 + "…"),
        ("two  spaces", 6, "two…"),
    ],
)
def test_line_is_cut_between_words(line, width, expected):
    assert shortened(line, width) == expected
    assert len(expected) <= width


def test_indentation_of_a_tree_is_kept():
    assert shortened("  │  └─ a0007  Read the tests first", 24) == "  │  └─ a0007  Read the…"


def test_count_agrees_with_its_noun():
    assert counted(1, "agent") == "1 agent"
    assert counted(0, "agent") == "0 agents"
    assert counted(1200, "child", "children") == "1,200 children"
