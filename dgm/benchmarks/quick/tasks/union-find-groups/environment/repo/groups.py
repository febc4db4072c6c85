"""Find which things belong together: union-find with path halving."""


class Groups:
    """A partition of things; things not seen before are groups of their own."""

    def __init__(self, things=()):
        self._parent = {}
        self._size = {}
        for thing in things:
            self._register(thing)

    def _register(self, thing):
        if thing not in self._parent:
            self._parent[thing] = thing
            self._size[thing] = 1

    def find(self, thing):
        """The representative of the group of a thing."""
        self._register(thing)
        while self._parent[thing] != thing:
            self._parent[thing] = self._parent[self._parent[thing]]
            thing = self._parent[thing]
        return thing

    def join(self, one, other):
        """Unite the groups of two things; return False if they were united already."""
        root, child = self.find(one), self.find(other)
        if root == child:
            return False
        if self._size[root] < self._size[child]:
            root, child = child, root
        self._parent[other] = root
        self._size[root] += self._size[child]
        return True

    def together(self, one, other):
        """Whether two things are in one group."""
        return self.find(one) == self.find(other)

    def size(self, thing):
        """How many things are in the group of a thing."""
        return self._size[self.find(thing)]

    def all(self):
        """The groups as sorted lists, the largest first, equal sizes in order of their content."""
        members = {}
        for thing in list(self._parent):
            members.setdefault(self.find(thing), []).append(thing)
        return sorted((sorted(group) for group in members.values()), key=lambda g: (-len(g), g))


def spanning_tree(edges):
    """The cheapest edges (cost, a, b) that connect all that can be connected, cheapest first."""
    groups = Groups()
    return [(cost, a, b) for cost, a, b in sorted(edges) if groups.join(a, b)]


def friends_until_all_connected(people, meetings):
    """How many meetings (pairs, in order) it takes until everyone is in one group, or None."""
    groups = Groups(people)
    if len(people) <= 1:
        return 0
    for count, (one, other) in enumerate(meetings, start=1):
        groups.join(one, other)
        if groups.size(one) == len(people):
            return count
    return None
