"""A set of small non-negative integers, kept as the bits of one number."""


class BitSet:
    """An immutable set; the operators give new sets."""

    def __init__(self, values=()):
        self._bits = 0
        for value in values:
            if value < 0:
                raise ValueError(f"negative value: {value}")
            self._bits |= 1 << value

    @classmethod
    def _of(cls, bits):
        result = cls()
        result._bits = bits
        return result

    def __contains__(self, value):
        return value >= 0 and (self._bits >> value) & 1 == 1

    def __iter__(self):
        """The values in ascending order."""
        rest = self._bits
        while rest:
            lowest = rest & -rest
            yield lowest.bit_length() - 1
            rest ^= lowest

    def __len__(self):
        return bin(self._bits).count("1")

    def __eq__(self, other):
        return isinstance(other, BitSet) and self._bits == other._bits

    def __or__(self, other):
        return self._of(self._bits ^ other._bits)

    def __and__(self, other):
        return self._of(self._bits & other._bits)

    def __sub__(self, other):
        return self._of(self._bits & ~other._bits)

    def __le__(self, other):
        """Whether every value of this set is in the other."""
        return self._bits & other._bits == self._bits
