"""The pool on containers that cost nothing, so that every order of events can be had."""

from __future__ import annotations

import itertools
import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from dgm.errors import SandboxError
from dgm.records import SandboxLimits
from dgm.sandbox.containers.pool import OLDEST_S, Pool
from dgm.sandbox.containers.settings import Kind
from tests.sandbox.containers.conftest import wait_until

ONE = Kind("one", SandboxLimits(), wants_model=False)
OTHERS = [Kind(f"other{number}", SandboxLimits(), wants_model=True) for number in range(3)]


@dataclass(eq=False)
class Hull:
    """Stands for a container."""

    kind: Kind
    id: int
    is_alive: bool = True
    is_gone: bool = False
    hangs: bool = False

    @property
    def channel(self):
        return self

    def close(self):
        self.is_alive = False

    def end(self):
        self.is_alive = False
        return not self.hangs

    def answers(self):
        return self.is_alive


@dataclass
class Yard:
    """Starts hulls, keeps count, and fails when told to."""

    started: list[Hull] = field(default_factory=list)
    error: Exception | None = None
    now_s: float = 0.0
    at_once: int = 0
    most_at_once: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    numbers: itertools.count = field(default_factory=itertools.count)

    def __post_init__(self):
        self.gate.set()

    @contextmanager
    def start(self, kind):
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.gate.wait(10)
        self.at_once -= 1
        if self.error:
            raise self.error
        hull = Hull(kind, next(self.numbers))
        self.started.append(hull)
        yield hull
        hull.is_gone = True

    @property
    def left(self):
        return [hull for hull in self.started if not hull.is_gone]


def idle_in(pool, number):
    """What waits in a pool, once it is so much."""
    wait_until(lambda: len(_waiting_in(pool)) == number)
    return _waiting_in(pool)


def _waiting_in(pool):
    with pool._changed:
        return [each.container for idle in pool._idle.values() for each in idle]


@pytest.fixture
def yard():
    return Yard()


@pytest.fixture
def pool(yard):
    with Pool(yard.start, ahead=2, most_idle=4, clock=lambda: yard.now_s) as opened:
        yield opened


def test_the_next_lease_takes_what_was_started_before(pool, yard):
    with pool.lease(ONE):
        ready = idle_in(pool, 2)
    with pool.lease(ONE) as taken:
        assert taken in ready


def test_a_container_is_leased_once(pool, yard):
    seen = set()
    for _ in range(20):
        with pool.lease(ONE) as hull:
            assert hull not in seen
            seen.add(hull)
        assert not hull.is_alive


def test_leases_at_once_get_containers_of_their_own(pool):
    taken, meeting = [], threading.Barrier(8)

    def visit():
        with pool.lease(ONE) as hull:
            taken.append(hull)
            meeting.wait(10)

    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(taken)) == 8


def test_who_comes_first_is_served_first(pool, yard):
    permits, served = threading.Semaphore(0), []
    yard.gate.wait = lambda timeout_s: permits.acquire(timeout=timeout_s)

    def visit(number):
        with pool.lease(ONE):
            served.append(number)

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(6)]
    for number, thread in enumerate(threads):
        thread.start()
        wait_until(lambda number=number: len(pool._waiting[ONE]) == number + 1)
    for number in range(6):
        permits.release()
        wait_until(lambda number=number: len(served) == number + 1)
    permits.release(9)
    for thread in threads:
        thread.join()
    assert served == sorted(served)


def test_starts_at_once_are_bounded(pool, yard):
    yard.gate.clear()
    threads = [threading.Thread(target=lambda: pool.lease(ONE).__enter__()) for _ in range(9)]
    for thread in threads:
        thread.start()
    wait_until(lambda: yard.at_once == 4)
    yard.gate.set()
    for thread in threads:
        thread.join()
    assert yard.most_at_once == 4


def test_kinds_are_kept_apart(pool):
    for kind in (ONE, OTHERS[0], ONE, OTHERS[1]):
        with pool.lease(kind) as hull:
            assert hull.kind == kind


def test_idle_containers_are_bounded_in_all_and_the_oldest_kind_gives_way(pool, yard):
    for kind, number in zip((ONE, *OTHERS), (2, 4, 4, 4), strict=True):
        with pool.lease(kind):
            wait_until(lambda: not pool._starting.total())
            idle_in(pool, number)
    wait_until(lambda: len(yard.left) == 4)
    assert {hull.kind for hull in yard.left} == {OTHERS[-1], OTHERS[-2]}


def test_a_dead_container_is_thrown_away_and_another_taken(pool, yard):
    with pool.lease(ONE):
        dead = idle_in(pool, 2)
    for hull in dead:
        hull.is_alive = False
    with pool.lease(ONE) as taken:
        assert taken not in dead
    wait_until(lambda: all(hull.is_gone for hull in dead))


def test_a_container_that_does_not_end_by_itself_is_removed_before_the_lease_ends(pool):
    with pool.lease(ONE) as hull:
        hull.hangs = True
    assert hull.is_gone


def test_an_old_container_is_replaced(pool, yard):
    with pool.lease(ONE):
        old = idle_in(pool, 2)
    yard.now_s = OLDEST_S + 1
    with pool.lease(ONE) as taken:
        assert taken not in old


def test_everything_is_gone_after_the_end(yard):
    with Pool(yard.start, ahead=3) as pool, pool.lease(ONE):
        wait_until(lambda: len(yard.started) >= 2)
    assert yard.left == []


def test_a_start_that_is_under_way_at_the_end_leaves_nothing(yard):
    with Pool(yard.start, ahead=3) as pool:
        with pool.lease(ONE):
            yard.gate.clear()
        threading.Timer(0.1, yard.gate.set).start()
    assert yard.left == []


def test_a_failed_start_is_the_error_of_the_lease_that_needed_it(pool, yard):
    yard.error = SandboxError("the engine was lost")
    for _ in range(3):
        with pytest.raises(SandboxError, match="the engine was lost"), pool.lease(ONE):
            pass
    yard.error = None
    with pool.lease(ONE) as hull:
        assert hull.is_alive


def test_a_start_that_failed_ahead_of_need_is_told_and_harms_nobody(yard, caplog):
    caplog.set_level(logging.WARNING)
    with Pool(yard.start, ahead=1) as pool:
        with pool.lease(ONE):
            idle_in(pool, 1)
        yard.error = SandboxError("the disk is full")
        with pool.lease(ONE):
            wait_until(lambda: pool._errors.get(ONE))
        yard.error = None
        with pool.lease(ONE) as hull:
            assert hull.is_alive
    assert "the disk is full" in caplog.text


def test_a_defect_in_a_start_comes_to_light(yard):
    def leave_a_defect():
        with Pool(yard.start, ahead=1) as pool:
            with pool.lease(ONE):
                idle_in(pool, 1)
            yard.error = KeyError("a defect")
            with pool.lease(ONE):
                wait_until(lambda: pool._errors.get(ONE))

    with pytest.raises(KeyError, match="a defect"):
        leave_a_defect()


def test_a_closed_pool_leases_nothing(yard):
    with Pool(yard.start) as pool:
        pass
    with pytest.raises(SandboxError, match="closed"), pool.lease(ONE):
        pass
