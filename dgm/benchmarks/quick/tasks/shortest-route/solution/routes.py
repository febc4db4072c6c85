"""Find shortest routes on a map of roads."""

import heapq


class NoRoute(LookupError):
    """A place cannot be reached."""


class RoadMap:
    """Places and the roads between them."""

    def __init__(self):
        self._roads = {}

    def add_road(self, start, end, length, one_way=False):
        """Add a road; of two roads between the same places the shorter one counts."""
        if length < 0:
            raise ValueError("a road cannot have a negative length: %r" % length)
        for here, there in [(start, end)] if one_way else [(start, end), (end, start)]:
            known = self._roads.setdefault(here, {})
            known[there] = min(length, known.get(there, length))
        self._roads.setdefault(end, {})

    def places(self):
        """Return the names of all places, sorted."""
        return sorted(self._roads)

    def neighbours(self, place):
        """Return {place: length} of the roads that leave a place."""
        return dict(self._roads[place])

    def explore(self, start):
        """Return ({place: distance}, {place: the place before it}) of all that can be reached."""
        distances = {start: 0}
        before = {}
        settled = set()
        queue = [(0, start)]
        while queue:
            distance, place = heapq.heappop(queue)
            if place in settled:
                continue
            settled.add(place)
            for neighbour, length in sorted(self._roads[place].items()):
                total = distance + length
                if neighbour not in distances or total < distances[neighbour]:
                    distances[neighbour] = total
                    before[neighbour] = place
                    heapq.heappush(queue, (total, neighbour))
        return distances, before

    def route(self, start, end):
        """Return (length, [start, ..., end]) of a shortest route; NoRoute if there is none."""
        for place in (start, end):
            if place not in self._roads:
                raise NoRoute("unknown place: %s" % place)
        distances, before = self.explore(start)
        if end not in distances:
            raise NoRoute("no route from %s to %s" % (start, end))
        path = [end]
        while path[-1] != start:
            path.append(before[path[-1]])
        return distances[end], path[::-1]

    def within(self, start, limit):
        """Return the other places at most `limit` away from a place, the nearest first."""
        distances, _ = self.explore(start)
        near = [(far, place) for place, far in distances.items() if far <= limit and place != start]
        return [place for _, place in sorted(near)]

    def most_remote(self, start):
        """Return the reachable place that is furthest away, the first by name of several."""
        distances, _ = self.explore(start)
        return min(distances, key=lambda place: (-distances[place], place))
