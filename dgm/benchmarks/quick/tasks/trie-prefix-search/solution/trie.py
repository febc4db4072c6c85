"""A trie: a set of words that can be searched by their beginnings."""


class Node:
    """One letter's place in the tree."""

    __slots__ = ("children", "is_word")

    def __init__(self):
        self.children = {}
        self.is_word = False


class Trie:
    """A set of words."""

    def __init__(self, words=()):
        self._root = Node()
        self._count = 0
        for word in words:
            self.add(word)

    def __len__(self):
        return self._count

    def __contains__(self, word):
        node = self._find(word)
        return node is not None and node.is_word

    def add(self, word):
        """Add a word; return whether it is new."""
        node = self._root
        for letter in word:
            node = node.children.setdefault(letter, Node())
        if node.is_word:
            return False
        node.is_word = True
        self._count += 1
        return True

    def remove(self, word):
        """Remove a word, and the nodes only it needed; KeyError if it is not there."""
        path = [self._root]
        for letter in word:
            if letter not in path[-1].children:
                raise KeyError(word)
            path.append(path[-1].children[letter])
        if not path[-1].is_word:
            raise KeyError(word)
        path[-1].is_word = False
        self._count -= 1
        for depth in range(len(word), 0, -1):
            node = path[depth]
            if node.is_word or node.children:
                break
            del path[depth - 1].children[word[depth - 1]]

    def starting_with(self, prefix):
        """Yield the words that begin with a prefix, in alphabetical order."""
        node = self._find(prefix)
        if node is not None:
            yield from self._words(node, prefix)

    def longest_prefix_of(self, text):
        """The longest word that the text begins with, or None."""
        longest = None
        node = self._root
        for length, letter in enumerate(text, start=1):
            node = node.children.get(letter)
            if node is None:
                break
            if node.is_word:
                longest = text[:length]
        return longest

    def node_count(self):
        """How many nodes the tree has, without the root."""
        waiting, count = [self._root], -1
        while waiting:
            waiting.extend(waiting.pop().children.values())
            count += 1
        return count

    def _find(self, prefix):
        node = self._root
        for letter in prefix:
            node = node.children.get(letter)
            if node is None:
                return None
        return node

    def _words(self, node, word):
        if node.is_word:
            yield word
        for letter in sorted(node.children):
            yield from self._words(node.children[letter], word + letter)
