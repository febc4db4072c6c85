"""What test runners print, as counts."""

import pytest

from dgm.benchmarks.polyglot import reports
from dgm.benchmarks.polyglot.reports import Counts


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("....\n4 passed in 0.02s\n", Counts(4, 0)),
        ("F...\n1 failed, 3 passed in 0.10s\n", Counts(3, 1)),
        ("=== 2 failed, 3 passed, 1 warning in 1.20s ===\n", Counts(3, 2)),
        ("ERROR x_test.py\n1 error in 0.05s\n", Counts(0, 1)),
        ("3 failed, 1 passed, 2 errors in 62.01s (0:01:02)\n", Counts(1, 5)),
        ("2 passed, 7 subtests passed in 0.02s\n", Counts(2, 0)),
        ("9 passed in 0.01s\n4 failed in 0.02s\n", Counts(0, 4)),
        ("no tests ran in 0.01s\n", None),
        ("Segmentation fault\n", None),
    ],
)
def test_pytest_is_read_by_its_last_line(text, counts):
    assert reports.pytest(text) == counts


def test_go_counts_subtests_and_no_examples():
    text = (
        "=== RUN   TestTotals\n=== RUN   TestTotals/no_numbers\n"
        "--- FAIL: TestTotals (0.00s)\n    --- PASS: TestTotals/no_numbers (0.00s)\n"
        "    --- FAIL: TestTotals/one_number (0.00s)\n--- PASS: ExampleTotals (0.00s)\nFAIL\n"
    )
    assert reports.go(text) == Counts(1, 2)


@pytest.mark.parametrize(
    "text",
    ["# totals [totals.test]\n./totals.go:3: syntax error\nFAIL\ttotals [build failed]\n", ""],
)
def test_go_that_was_not_built_counts_nothing(text):
    assert reports.go(text) is None


CARGO = """\
   Compiling forth v1.0.0 (/workspace)
    Finished `test` profile [unoptimized + debuginfo] target(s) in 0.50s
     Running unittests src/lib.rs (/tmp/target/debug/deps/forth-1)

running 2 tests
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

     Running tests/alloc-attack.rs (/tmp/target/debug/deps/alloc_attack-1)

running 1 test
test alloc_attack ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

     Running tests/forth.rs (/tmp/target/debug/deps/forth-2)

running 4 tests
test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

   Doc-tests forth

running 1 test
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
"""


def test_cargo_counts_the_programs_below_tests_alone():
    assert reports.cargo(CARGO) == Counts(4, 1)


def test_cargo_that_ended_before_its_tests_counts_nothing():
    assert reports.cargo(CARGO.partition("     Running tests/")[0]) is None
    assert reports.cargo("error: could not compile `forth` (lib) due to 1 previous error\n") is None


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Test Suites: 1 passed, 1 total\nTests:       3 passed, 3 total\n", Counts(3, 0)),
        ("Tests:       1 failed, 2 skipped, 9 passed, 12 total\nTime: 1 s\n", Counts(9, 1)),
        ("Test Suites: 1 failed, 1 total\nTests:       0 total\n", Counts(0, 0)),
        ("SyntaxError: unexpected token\n", None),
    ],
)
def test_jest_is_read_by_its_summary(text, counts):
    assert reports.jest(text) == counts


def test_junit_needs_both_counts():
    text = "[         3 tests found           ]\n[         2 tests successful      ]\n"
    assert reports.junit(text) is None
    assert reports.junit(f"{text}[         1 tests failed          ]\n") == Counts(2, 1)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("All tests passed (17 assertions in 5 test cases)\n", Counts(5, 0)),
        ("All tests passed (1 assertion in 1 test case)\n", Counts(1, 0)),
        (
            "test cases: 4 | 3 passed | 1 failed\nassertions: 9 | 8 passed | 1 failed\n",
            Counts(3, 1),
        ),
        ("test cases:  3 |  3 failed\nassertions: 3 | 3 failed\n", Counts(0, 3)),
        ("test cases: 3 | 3 passed\nassertions: - none -\n", Counts(3, 0)),
        ("make: *** [Makefile:91: all] Error 2\n", None),
    ],
)
def test_catch_counts_test_cases(text, counts):
    assert reports.catch(text) == counts
