"""Limit how often clients may do something."""


class Bucket:
    """Tokens that come back with time; each request takes some."""

    def __init__(self, rate, capacity, now=0.0):
        if rate <= 0 or capacity <= 0:
            raise ValueError("rate and capacity must be above 0")
        self.rate = rate
        self.capacity = capacity
        self.tokens = capacity
        self.updated = now

    def refill(self, now):
        """Add the tokens gained since the last update; a clock that goes back adds none."""
        if now > self.updated:
            gained = (now - self.updated) * self.rate
            self.tokens = min(self.capacity, self.tokens + gained)

    def take(self, now, cost=1):
        """Take tokens for a request; tell whether there were enough."""
        self.refill(now)
        if cost <= self.tokens:
            self.tokens -= cost
            self.updated = now
            return True
        return False

    def wait_time(self, now, cost=1):
        """Return the seconds until a request could be allowed; None if it never can."""
        if cost > self.capacity:
            return None
        self.refill(now)
        return max(0.0, (cost - self.tokens) / self.rate)


class Limiter:
    """One bucket for each client, made at the client's first request."""

    def __init__(self, rate, capacity):
        self.rate = rate
        self.capacity = capacity
        self.refused = {}
        self._buckets = {}

    def _bucket(self, client, now):
        if client not in self._buckets:
            self._buckets[client] = Bucket(self.rate, self.capacity, now)
        return self._buckets[client]

    def allow(self, client, now, cost=1):
        """Tell whether a request may go on; refused ones are counted in `refused`."""
        if self._bucket(client, now).take(now, cost):
            return True
        self.refused[client] = self.refused.get(client, 0) + 1
        return False

    def wait_time(self, client, now, cost=1):
        """Return the seconds a client must wait, None if the cost is beyond the capacity."""
        return self._bucket(client, now).wait_time(now, cost)

    def forget_idle(self, now):
        """Drop the buckets that are full again; return how many there were."""
        idle = []
        for client, bucket in self._buckets.items():
            bucket.refill(now)
            if bucket.tokens >= bucket.capacity:
                idle.append(client)
        for client in idle:
            del self._buckets[client]
        return len(idle)
