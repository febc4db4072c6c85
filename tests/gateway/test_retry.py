from random import Random

import pytest

from dgm.errors import ProviderError
from dgm.gateway.retry import Retry


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def failing(times: int, calls: list[int]):
    def call() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise ProviderError(f"failure {len(calls)}")
        return "answer"

    return call


@pytest.fixture
def clock():
    return Clock()


def retry(clock: Clock, **settings: float) -> Retry:
    return Retry(Random(1), clock=lambda: clock.now, sleep=clock.sleep, **settings)


def test_call_that_recovers_is_answered_after_growing_pauses(clock):
    assert retry(clock, base_s=8.0, attempts=6)(failing(5, []), deadline_s=1000) == "answer"
    assert len(clock.pauses) == 5
    assert all(p <= min(30.0, 8.0 * 2**n) for n, p in enumerate(clock.pauses))
    assert max(clock.pauses) > 8.0


def test_last_error_stands_when_the_tries_are_used_up(clock):
    calls: list[int] = []
    with pytest.raises(ProviderError, match="failure 4"):
        retry(clock)(failing(9, calls), deadline_s=1000)
    assert len(calls) == 4


def test_no_pause_goes_past_the_deadline(clock):
    with pytest.raises(ProviderError):
        retry(clock, base_s=8.0, attempts=50)(failing(99, []), deadline_s=20.0)
    assert clock.now < 20.0


def test_other_errors_are_not_tried_again(clock):
    def broken() -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        retry(clock)(broken, deadline_s=10)
    assert clock.pauses == []
