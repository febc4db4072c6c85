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
