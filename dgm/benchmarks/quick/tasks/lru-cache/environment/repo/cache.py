"""A cache that forgets what was not used for longest."""


class Cache:
    """A mapping of limited size; the last key of its order is the one used last."""

    def __init__(self, capacity, on_evict=None):
        if capacity < 1:
            raise ValueError("the capacity must be 1 or more: %r" % capacity)
        self.capacity = capacity
        self.hits = 0
        self.misses = 0
        self._on_evict = on_evict
        self._items = {}

    def __len__(self):
        return len(self._items)

    def __contains__(self, key):
        return key in self._items

    def keys(self):
        """Return the keys from the oldest to the newest."""
        return list(self._items)

    def get(self, key, default=None):
        """Return a value and make its key the newest; counts a hit or a miss."""
        if key not in self._items:
            self.misses += 1
            return default
        self.hits += 1
        value = self._items.pop(key)
        self._items[key] = value
        return value

    def peek(self, key, default=None):
        """Return a value without any effect on the order or the counters."""
        return self._items.get(key, default)

    def put(self, key, value):
        """Store a value and make its key the newest; the oldest goes if a new key needs room."""
        if len(self._items) >= self.capacity:
            self._evict()
        self._items.pop(key, None)
        self._items[key] = value

    def get_or_make(self, key, make):
        """Return the value of a key, made by `make(key)` and stored if it is missing."""
        if key in self._items:
            return self.get(key)
        self.misses += 1
        value = make(key)
        self.put(key, value)
        return value

    def discard(self, key):
        """Remove a key, if it is there, without telling `on_evict`."""
        self._items.pop(key, None)

    def resize(self, capacity):
        """Change the capacity; the oldest keys go if there are too many."""
        if capacity < 1:
            raise ValueError("the capacity must be 1 or more: %r" % capacity)
        self.capacity = capacity
        while len(self._items) > capacity:
            self._evict()

    def hit_rate(self):
        """Return the share of hits among all lookups, 0.0 before the first."""
        lookups = self.hits + self.misses
        return self.hits / lookups if lookups else 0.0

    def _evict(self):
        oldest = next(iter(self._items))
        value = self._items.pop(oldest)
        if self._on_evict is not None:
            self._on_evict(oldest, value)
