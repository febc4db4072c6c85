"""A sorted map as a binary search tree, without balancing."""


class Node:
    def __init__(self, key, value):
        self.key = key
        self.value = value
        self.left = None
        self.right = None


class SearchTree:
    """Maps keys, which must be comparable, to values."""

    def __init__(self, pairs=()):
        self._root = None
        for key, value in pairs:
            self.put(key, value)

    def put(self, key, value):
        """Set the value of a key."""
        if self._root is None:
            self._root = Node(key, value)
            return
        node = self._root
        while node.key != key:
            side = "left" if key < node.key else "right"
            if getattr(node, side) is None:
                setattr(node, side, Node(key, value))
                return
            node = getattr(node, side)
        node.value = value

    def get(self, key, default=None):
        """The value of a key."""
        node = self._root
        while node is not None and node.key != key:
            node = node.left if key < node.key else node.right
        return default if node is None else node.value

    def remove(self, key):
        """Remove a key; nothing happens if it is not there."""
        self._root = self._without(self._root, key)

    def _without(self, node, key):
        """The tree below a node without a key."""
        if node is None:
            return None
        if key < node.key:
            node.left = self._without(node.left, key)
            return node
        if key > node.key:
            node.right = self._without(node.right, key)
            return node
        if node.left is None:
            return node.right
        if node.right is None:
            return node.right
        successor = node.right
        while successor.left is not None:
            successor = successor.left
        node.key, node.value = successor.key, successor.value
        node.right = self._without(node.right, successor.key)
        return node

    def keys(self, low=None, high=None):
        """Yield the keys from low to high in order, both included; None means no bound."""
        yield from self._between(self._root, low, high)

    def _between(self, node, low, high):
        if node is None:
            return
        if low is None or low > node.key:
            yield from self._between(node.left, low, high)
        if (low is None or low <= node.key) and (high is None or node.key <= high):
            yield node.key
        if high is None or node.key < high:
            yield from self._between(node.right, low, high)

    def floor(self, key):
        """The largest key that is not above the given one, or None."""
        best = None
        node = self._root
        while node is not None:
            if node.key == key:
                return key
            if node.key < key:
                best = node.key
                node = node.right
            else:
                node = node.left
        return best

    def height(self):
        """The number of nodes on the longest way down from the root."""
        return self._height(self._root)

    def _height(self, node):
        if node is None:
            return 0
        return 1 + max(self._height(node.left), self._height(node.right))
