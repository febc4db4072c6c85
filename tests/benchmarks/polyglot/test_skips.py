"""Tests that are kept off are lifted."""

from dgm.benchmarks.polyglot.skips import lifted


def test_javascript_runs_xtest_and_xit_but_not_what_is_skipped_on_purpose():
    text = (
        "xtest('a');\n  xit('b');\nxdescribe(c);\ntest.skip(d);\nmaxit(3);\nxtest.each([1])(e);\n"
    )
    assert lifted("javascript", text) == (
        "test('a');\n  it('b');\ndescribe(c);\ntest.skip(d);\nmaxit(3);\ntest.each([1])(e);\n"
    )


def test_java_runs_what_is_disabled_with_or_without_a_reason():
    text = '    @Disabled("Remove to run test")\n    @Test\n    @Disabled\n    @Test\n'
    assert lifted("java", text) == "\n    @Test\n\n    @Test\n"


def test_java_keeps_the_import_that_is_then_unused():
    text = "import org.junit.jupiter.api.Disabled;\n"
    assert lifted("java", text) == text


def test_other_languages_are_left_as_they_are():
    text = "#[ignore]\nfn xtest() {}\n"
    assert all(lifted(language, text) == text for language in ("rust", "go", "python", "cpp"))
