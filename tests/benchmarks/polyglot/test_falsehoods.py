"""Hidden tests made false: one assertion each, in every language."""

import pytest

from dgm.benchmarks.polyglot.falsehoods import falsehoods


@pytest.mark.parametrize(
    ("language", "text", "false"),
    [
        ("cpp", "REQUIRE(f(2) == 4);", "REQUIRE_FALSE(f(2) == 4);"),
        ("cpp", "CHECK(f(2).empty());", "CHECK_FALSE(f(2).empty());"),
        (
            "go",
            'if got != want {\n\t\tt.Errorf("no")\n}',
            'if got == want {\n\t\tt.Errorf("no")\n}',
        ),
        ("go", 'if !equal(a, b) {\n\tt.Fatal("no")\n}', 'if equal(a, b) {\n\tt.Fatal("no")\n}'),
        ("java", "assertThat(f(2)).isEqualTo(4);", "assertThat(f(2)).isNotEqualTo(4);"),
        ("javascript", "expect(f(2)).toEqual(4);", "expect(f(2)).not.toEqual(4);"),
        (
            "python",
            "class T:\n    def test_f(self):\n        self.assertEqual(f(2), 'a')\n",
            "class T:\n    def test_f(self):\n        self.assertEqual(f(2), 'a-')\n",
        ),
        (
            "python",
            "def test_f(self):\n    self.assertMultiLineEqual(f(2), g(2))\n",
            "def test_f(self):\n    self.assertNotEqual(f(2), g(2))\n",
        ),
        ("rust", "assert_eq!(f(2), 4);", "assert_ne!(f(2), 4);"),
        ("rust", "assert!(f(2).is_ok());", "assert!(!f(2).is_ok());"),
    ],
)
def test_best_falsehood_turns_one_assertion_round(language, text, false):
    first = next(falsehoods(language, {"test": text.encode()}, "seed"))
    if language == "python" and "'a'" in text:  # which other value is taken is the mutation's
        assert first.text != text
        assert first.text.startswith(text.partition("'a'")[0])
    else:
        assert first.text == false


def test_falsehoods_are_few_different_and_always_the_same():
    text = "\n".join(f"expect(f({number})).toBe({number});" for number in range(50)).encode()
    found = list(falsehoods("javascript", {"a.spec.js": text, "b.spec.js": text}, "seed"))
    assert len({(each.file, each.text) for each in found}) == 6
    assert found == list(falsehoods("javascript", {"a.spec.js": text, "b.spec.js": text}, "seed"))


def test_assertion_that_is_negated_already_is_left_alone():
    text = b"expect(f(2)).not.toEqual(4);"
    assert not list(falsehoods("javascript", {"a.spec.js": text}, "seed"))


def test_tests_without_assertions_have_none():
    assert not list(falsehoods("python", {"a_test.py": b"this is no Python"}, "seed"))
