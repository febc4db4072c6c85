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


def test_writing_the_oldest_makes_it_the_newest():
    cache = filled(3, "abc")
    cache.put("a", 9)
    assert cache.keys() == ["b", "c", "a"]
    cache.put("d", 1)
    assert cache.keys() == ["c", "a", "d"]


def test_many_rewrites_evict_nothing():
    gone = []
    cache = Cache(3, on_evict=lambda key, value: gone.append((key, value)))
    for number in range(12):
        cache.put("abc"[number % 3], number)
    assert gone == []
    assert len(cache) == 3
    cache.put("d", 12)
    assert gone == [("a", 9)]


def test_capacity_of_one():
    cache = filled(1, "a")
    cache.put("a", 5)
    assert cache.get("a") == 5
    cache.put("b", 6)
    assert "a" not in cache
    assert len(cache) == 1


def test_fresh_key_still_makes_room():
    gone = []
    cache = Cache(2, on_evict=lambda key, value: gone.append(key))
    for key in "abcd":
        cache.put(key, key)
    assert gone == ["a", "b"]
    assert len(cache) == 2


def test_peek_changes_nothing():
    cache = filled(2, "ab")
    assert cache.peek("a") == 0
    assert cache.peek("z", 7) == 7
    cache.put("c", 2)
    assert cache.keys() == ["b", "c"]
    assert cache.hits == cache.misses == 0


def test_get_or_make():
    cache = filled(2, "ab")
    assert cache.get_or_make("b", lambda key: 99) == 1
    assert cache.get_or_make("c", lambda key: key * 2) == "cc"
    assert cache.keys() == ["b", "c"]
    assert (cache.hits, cache.misses) == (1, 1)


def test_resize():
    cache = filled(4, "abcd")
    cache.resize(2)
    assert cache.keys() == ["c", "d"]
    cache.resize(3)
    cache.put("e", 1)
    assert cache.keys() == ["c", "d", "e"]


def test_discard():
    cache = filled(2, "ab")
    cache.discard("a")
    cache.discard("zz")
    cache.put("c", 1)
    assert cache.keys() == ["b", "c"]
