from random import Random

import pytest

from dgm.errors import OverloadedError, ProviderError
from dgm.gateway.protocol import BrokenAnswerError
from dgm.gateway.retry import Retry
from dgm.gateway.wire import Reply, StopReason


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def failing(times: int, calls: list[int]):
    def call(seconds: float) -> str:
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
        retry(clock, attempts=4)(failing(9, calls), deadline_s=1000)
    assert len(calls) == 4


def test_no_pause_goes_past_the_deadline(clock):
    with pytest.raises(ProviderError):
        retry(clock, base_s=8.0, attempts=50)(failing(99, []), deadline_s=20.0)
    assert clock.now < 20.0


def test_other_errors_are_not_tried_again(clock):
    def broken(seconds: float) -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        retry(clock)(broken, deadline_s=10)
    assert clock.pauses == []


def raising(error: Exception, calls: list[float]):
    def call(seconds: float) -> None:
        calls.append(seconds)
        raise error

    return call


def test_provider_that_says_when_is_asked_again_then_and_not_before(clock):
    error = OverloadedError("slow down", retry_after_s=7.0)
    with pytest.raises(OverloadedError):
        retry(clock, attempts=3)(raising(error, []), deadline_s=1000)
    assert len(clock.pauses) == 2
    assert all(7.0 <= pause <= 7.5 for pause in clock.pauses)


def test_pause_beyond_the_deadline_is_not_begun(clock):
    error = OverloadedError("slow down", retry_after_s=60.0)
    with pytest.raises(OverloadedError):
        retry(clock)(raising(error, []), deadline_s=59.0)
    assert clock.pauses == []


def test_each_try_is_told_the_time_that_is_left(clock):
    calls: list[float] = []
    error = OverloadedError("slow down", retry_after_s=10.0)
    with pytest.raises(OverloadedError):
        retry(clock, base_s=0.0)(raising(error, calls), deadline_s=35.0)
    assert calls == [35.0, 25.0, 15.0, 5.0]


def test_final_error_is_not_tried_again(clock):
    calls: list[float] = []
    with pytest.raises(ProviderError):
        retry(clock)(raising(ProviderError("never", is_final=True), calls), deadline_s=100)
    assert len(calls) == 1


def test_answers_that_were_paid_for_are_tried_less_often(clock):
    calls: list[float] = []
    error = BrokenAnswerError("broke off", Reply((), StopReason.END_TURN, 10, 5))
    with pytest.raises(BrokenAnswerError):
        retry(clock, paid_attempts=3)(raising(error, calls), deadline_s=1000)
    assert len(calls) == 3
