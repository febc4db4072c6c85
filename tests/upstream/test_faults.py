"""Every fault at once: no call is lost, none is billed twice, and no more is spent than allowed."""

import pytest

from dgm.gateway.transcript import Failure
from dgm.records import Ceiling
from tests.upstream.storm import INPUT_TOKENS, MAX_TOKENS, check_books, run_storm

CALLS, AGENTS = 480, 24


@pytest.mark.slow
def test_no_call_is_lost_and_none_is_billed_twice(short):
    books = run_storm(CALLS, AGENTS, short)
    check_books(books, CALLS)
    assert books.replies + len(books.failures) == CALLS + 2
    assert set(books.failures) <= {Failure.PROVIDER}
    assert books.upstream_calls > CALLS * 1.2, "the weather was fine: nothing is shown"
    assert books.replies > CALLS * 0.95


@pytest.mark.slow
def test_storm_never_spends_more_than_the_limit(short):
    ceiling = Ceiling(tokens=CALLS * (INPUT_TOKENS + MAX_TOKENS) // 5)
    books = run_storm(CALLS, AGENTS, short, ceiling)
    check_books(books, CALLS, ceiling)
    assert Failure.OVER_BUDGET in books.failures
    assert books.spent.tokens > ceiling.tokens * 0.8, "the limit was never near"
