"""A singly linked list with the habits of Python's own."""


class Node:
    def __init__(self, value, following=None):
        self.value = value
        self.following = following


class LinkedList:
    def __init__(self, values=()):
        self._head = None
        self._length = 0
        for value in reversed(list(values)):
            self._head = Node(value, self._head)
            self._length += 1

    def __len__(self):
        return self._length

    def __iter__(self):
        node = self._head
        while node is not None:
            yield node.value
            node = node.following

    def __getitem__(self, index):
        """The value at an index; negative ones count from the end."""
        if index < 0:
            index += self._length
        if not 0 <= index < self._length:
            raise IndexError("list index out of range")
        node = self._head
        for _ in range(index):
            node = node.following
        return node.value

    def reverse(self):
        """Turn the list around in place."""
        done, rest = None, self._head
        while rest is not None:
            rest.following, done, rest = done, rest, rest.following
        self._head = done
