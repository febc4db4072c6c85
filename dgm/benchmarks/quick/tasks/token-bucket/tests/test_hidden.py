from limiter import Bucket, Limiter


def test_starts_full():
    bucket = Bucket(rate=1, capacity=3)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]


def test_gains_tokens_with_time():
    bucket = Bucket(rate=2, capacity=2)
    bucket.take(0, 2)
    assert bucket.take(1, 2)


def test_knocking_does_not_help():
    bucket = Bucket(rate=0.125, capacity=1)
    assert [bucket.take(now) for now in (0, 4, 6, 7, 8)] == [True, False, False, False, True]


def test_clients_do_not_share():
    limiter = Limiter(rate=1, capacity=1)
    assert limiter.allow("a", 0)
    assert limiter.allow("b", 0)
    assert not limiter.allow("a", 0)


def test_waiting_time_may_be_asked_often():
    bucket = Bucket(rate=0.25, capacity=4)
    bucket.take(0, 4)
    assert [bucket.wait_time(now) for now in (0, 1, 2, 3, 4)] == [4, 3, 2, 1, 0]


def test_refused_request_costs_nothing():
    bucket = Bucket(rate=1, capacity=4)
    bucket.take(0, 3)
    assert not bucket.take(1, 3)
    assert bucket.take(1, 2)
    assert not bucket.take(1, 1)


def test_never_above_the_capacity():
    bucket = Bucket(rate=1, capacity=2)
    bucket.take(0, 1)
    assert bucket.wait_time(100, 2) == 0
    assert bucket.take(100, 2)
    assert not bucket.take(100, 1)


def test_many_refusals_in_a_row():
    bucket = Bucket(rate=0.0625, capacity=1)
    allowed = [now for now in range(0, 49) if bucket.take(now)]
    assert allowed == [0, 16, 32, 48]


def test_clock_that_goes_back():
    bucket = Bucket(rate=1, capacity=5, now=10)
    bucket.take(10, 5)
    assert not bucket.take(4)
    assert not bucket.take(10.5)
    assert bucket.take(11)


def test_impossible_cost():
    assert Bucket(rate=1, capacity=2).wait_time(0, 3) is None
    assert Limiter(1, 2).wait_time("a", 0, 3) is None


def test_refusals_are_counted():
    limiter = Limiter(rate=0.5, capacity=1)
    for now in (0, 1, 1.5, 2):
        limiter.allow("a", now)
    assert limiter.refused == {"a": 2}


def test_idle_clients_are_forgotten():
    limiter = Limiter(rate=0.5, capacity=2)
    limiter.allow("a", 0)
    limiter.allow("b", 1)
    assert limiter.forget_idle(1) == 0
    assert limiter.forget_idle(2) == 1
    assert limiter.forget_idle(3) == 1


def test_bad_settings():
    for rate, capacity in ((0, 1), (1, 0), (-1, 1)):
        try:
            Bucket(rate, capacity)
        except ValueError:
            continue
        assert False, (rate, capacity)
