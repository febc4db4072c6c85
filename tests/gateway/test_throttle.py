"""How the room for calls shrinks and grows, by a clock of the test's own."""

import threading
from contextlib import ExitStack

import pytest

from dgm.errors import OverloadedError, ProviderError
from dgm.gateway.throttle import Throttle


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def complain(throttle: Throttle, pause_s: float | None = None) -> None:
    with pytest.raises(OverloadedError), throttle.slot(10):
        raise OverloadedError("too many", retry_after_s=pause_s)


def complain_as(error: Exception) -> None:
    raise error


def succeed(throttle: Throttle, times: int) -> None:
    for _ in range(times):
        with throttle.slot(10):
            pass


def test_complaint_halves_the_room_and_success_gives_it_back_slowly(clock):
    throttle = Throttle(start=16, clock=clock)
    complain(throttle)
    assert throttle.limit == 8
    succeed(throttle, 8)
    assert throttle.limit == 8
    succeed(throttle, 2)
    assert throttle.limit == 9


def test_room_is_soon_found_where_nobody_complains(clock):
    throttle = Throttle(start=4, most=100, clock=clock)
    succeed(throttle, 20)
    assert throttle.limit == 24


def test_calls_that_were_under_way_together_complain_once(clock):
    throttle = Throttle(start=16, clock=clock)
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(OverloadedError))
        stack.enter_context(throttle.slot(10))
        complain(throttle)
        complain(throttle)  # this one began after the first complaint: it counts
        stack.callback(complain_as, OverloadedError("too many"))
    assert throttle.limit == 4


def test_there_is_always_room_for_one_and_never_for_more_than_the_most(clock):
    throttle = Throttle(start=2, most=3, clock=clock)
    for _ in range(5):
        complain(throttle)
    assert throttle.limit == 1
    succeed(throttle, 50)
    assert throttle.limit == 3


def test_nobody_enters_before_the_pause_is_over(clock):
    throttle = Throttle(clock=clock)
    complain(throttle, pause_s=30.0)
    with pytest.raises(ProviderError, match="fewer calls"), throttle.slot(29):
        pass
    clock.now = 30.0
    succeed(throttle, 1)


def test_other_failures_leave_the_room_as_it_is(clock):
    throttle = Throttle(start=4, clock=clock)
    with pytest.raises(ProviderError), throttle.slot(10):
        raise ProviderError("broken")
    assert throttle.limit == 4
    succeed(throttle, 1)


def test_who_finds_no_room_waits_until_somebody_leaves():
    throttle = Throttle(start=1)
    inside, leave, order = threading.Event(), threading.Event(), []

    def first() -> None:
        with throttle.slot(10):
            inside.set()
            leave.wait(10)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(10)
    with pytest.raises(ProviderError), throttle.slot(0.05):
        pass
    leave.set()
    with throttle.slot(10):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
