from cache import Cache


def filled(capacity, text):
    cache = Cache(capacity)
    for number, key in enumerate(text):
        cache.put(key, number)
    return cache


def test_oldest_goes_first():
    assert filled(2, "abc").keys() == ["b", "c"]


def test_reading_makes_newest():
    cache = filled(2, "ab")
    assert cache.get("a") == 0
    cache.put("c", 2)
    assert cache.keys() == ["a", "c"]


def test_writing_a_known_key_keeps_the_others():
    cache = filled(2, "ab")
    cache.put("b", 3)
    assert cache.get("a") == 0
    assert cache.get("b") == 3


def test_hit_rate():
    cache = filled(2, "ab")
    cache.get("a")
    cache.get("z")
    assert cache.hit_rate() == 0.5
