"""A small cache that forgets what was used longest ago."""

from collections import OrderedDict


class Cache:
    def __init__(self, size):
        self.size = size
        self.hits = 0
        self.misses = 0
        self._items = OrderedDict()

    def get(self, key, default=None):
        if key not in self._items:
            self.misses += 1
            return default
        self.hits += 1
        return self._items[key]

    def put(self, key, value):
        self._items[key] = value
        self._items.move_to_end(key)
        if len(self._items) > self.size:
            self._items.popitem(last=False)

    def keys(self):
        return list(self._items)


def play(size, actions):
    cache = Cache(size)
    for action in actions:
        if len(action) == 2:
            cache.put(*action)
        else:
            cache.get(*action)
    return cache.keys(), cache.hits, cache.misses
