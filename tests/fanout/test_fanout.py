"""What every engine for independent work promises; one suite, run on each."""

import threading
import time

import pytest

from dgm.errors import MachineError
from dgm.fanout import ThreadFanOut

ENGINES = {"threads": ThreadFanOut}
PATIENCE_S = 10.0


@pytest.fixture(params=list(ENGINES))
def engine(request):
    return ENGINES[request.param]


def collect(fanout):
    """Hand out all that is in flight."""
    done = []
    while fanout.in_flight:
        done.append(fanout.wait(PATIENCE_S))
    return done


def test_every_job_is_handed_out_once_with_its_ticket(engine):
    with engine(3) as fanout:
        tickets = {fanout.submit(lambda n=n: n * n): n for n in range(20)}
        results = {done.ticket: done.result for done in collect(fanout)}
    assert results == {ticket: n * n for ticket, n in tickets.items()}


def test_job_that_fails_is_handed_out_with_its_error_and_the_others_go_on(engine):
    def fail():
        raise MachineError("broken")

    with engine(1) as fanout:
        failing, sound = fanout.submit(fail), fanout.submit(lambda: "sound")
        done = {one.ticket: one for one in collect(fanout)}
    assert isinstance(done[failing].error, MachineError)
    assert done[failing].result is None
    assert (done[sound].result, done[sound].error) == ("sound", None)


def test_even_an_exit_in_a_job_is_handed_out(engine):
    def leave():
        raise SystemExit(3)

    with engine(1) as fanout:
        fanout.submit(leave)
        assert isinstance(fanout.wait(PATIENCE_S).error, SystemExit)


def test_one_worker_runs_jobs_in_order_of_submission(engine):
    seen = []
    with engine(1) as fanout:
        for number in range(10):
            fanout.submit(lambda n=number: seen.append(n))
        collect(fanout)
    assert seen == list(range(10))


def test_no_more_jobs_run_at_a_time_than_its_capacity(engine):
    running, most, lock = 0, 0, threading.Lock()

    def job():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    with engine(3) as fanout:
        assert fanout.capacity == 3
        for _ in range(9):
            fanout.submit(job)
        collect(fanout)
    assert most == 3


def test_waiting_gives_nothing_when_the_time_is_over(engine):
    gate = threading.Event()
    with engine(1) as fanout:
        fanout.submit(lambda: gate.wait(PATIENCE_S))
        assert fanout.wait(0.01) is None
        assert fanout.in_flight == 1
        gate.set()
        assert fanout.wait(PATIENCE_S).result is True
        assert fanout.in_flight == 0
        assert fanout.wait(0.01) is None


def test_leaving_it_waits_for_no_job(engine):
    gate, ended = threading.Event(), []
    with engine(1) as fanout:
        fanout.submit(lambda: ended.append(gate.wait(PATIENCE_S)))
        fanout.submit(lambda: pytest.fail("a job that had not begun is dropped"))
    assert not ended
    gate.set()
