"""A line of text whose changes can be undone and redone."""


class Change:
    """One replaced piece: at a position, `old` was there before and `new` after."""

    def __init__(self, position, old, new):
        self.position = position
        self.old = old
        self.new = new

    def apply(self, text):
        """Return the text after the change."""
        return text[: self.position] + self.new + text[self.position + len(self.old) :]

    def reverted(self):
        """Return the change that takes this one back."""
        return Change(self.position, self.new, self.old)

    def continues(self, previous):
        """Tell whether this is a letter typed directly behind the text of another change."""
        return (
            not self.old
            and not previous.old
            and len(self.new) == 1
            and not previous.new.endswith(" ")
            and self.position == previous.position + len(previous.new)
        )


class Editor:
    """The text, and what can be undone and redone."""

    def __init__(self, text="", limit=100):
        self.text = text
        self.limit = limit
        self._done = []
        self._undone = []
        self._joining = False

    def insert(self, position, piece):
        """Insert a piece before a position."""
        self._check(position, 0)
        self._change(Change(position, "", piece))

    def type(self, piece):
        """Append a piece letter by letter."""
        for letter in piece:
            self.insert(len(self.text), letter)

    def delete(self, position, count=1):
        """Delete some characters from a position on."""
        self._check(position, count)
        self._change(Change(position, self.text[position : position + count], ""))

    def undo(self):
        """Take back the last change; tell whether there was one."""
        self._joining = False
        if not self._done:
            return False
        change = self._done.pop()
        self.text = change.reverted().apply(self.text)
        self._undone.append(change)
        return True

    def redo(self):
        """Repeat the change undone last; tell whether there was one."""
        self._joining = False
        if not self._undone:
            return False
        change = self._undone.pop()
        self.text = change.apply(self.text)
        self._done.append(change)
        return True

    def _check(self, position, count):
        if position < 0 or count < 0 or position + count > len(self.text):
            raise IndexError("outside of the text: %d" % position)

    def _change(self, change):
        """Make a change and remember it, together with the one before if it continues that."""
        self.text = change.apply(self.text)
        self._undone.clear()
        if self._joining and self._done and change.continues(self._done[-1]):
            self._done[-1].new += change.new
        else:
            self._done.append(change)
            del self._done[: -self.limit]
        self._joining = True
