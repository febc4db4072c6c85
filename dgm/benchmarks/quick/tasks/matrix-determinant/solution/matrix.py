"""Small matrices of exact numbers."""

from fractions import Fraction


class Matrix:
    """A rectangle of numbers, which never changes: `Matrix([[1, 2], [3, 4]])`."""

    def __init__(self, rows):
        self._rows = [list(row) for row in rows]
        if not self._rows or not self._rows[0]:
            raise ValueError("a matrix has at least one number")
        if any(len(row) != len(self._rows[0]) for row in self._rows):
            raise ValueError("the rows differ in length")

    @classmethod
    def identity(cls, size):
        """Return the square matrix with ones on the diagonal."""
        return cls([[int(row == column) for column in range(size)] for row in range(size)])

    @property
    def shape(self):
        """The numbers of rows and columns."""
        return len(self._rows), len(self._rows[0])

    def rows(self):
        """Return the numbers as a list of lists."""
        return [list(row) for row in self._rows]

    def __eq__(self, other):
        return isinstance(other, Matrix) and self._rows == other._rows

    def __add__(self, other):
        if self.shape != other.shape:
            raise ValueError("cannot add %s and %s" % (self.shape, other.shape))
        return Matrix([[a + b for a, b in zip(*pair)] for pair in zip(self._rows, other._rows)])

    def __mul__(self, other):
        if not isinstance(other, Matrix):
            return Matrix([[number * other for number in row] for row in self._rows])
        if self.shape[1] != other.shape[0]:
            raise ValueError("cannot multiply %s by %s" % (self.shape, other.shape))
        columns = list(zip(*other._rows))
        return Matrix(
            [[sum(a * b for a, b in zip(row, column)) for column in columns] for row in self._rows]
        )

    def transposed(self):
        """Return the matrix with rows and columns exchanged."""
        return Matrix(zip(*self._rows))

    def determinant(self):
        """Return the determinant of a square matrix."""
        self._require_square()
        rows = self.rows()
        result = 1
        for pivot in range(len(rows)):
            best = next((r for r in range(pivot, len(rows)) if rows[r][pivot]), None)
            if best is None:
                return 0
            if best != pivot:
                rows[pivot], rows[best] = rows[best], rows[pivot]
                result = -result
            result *= rows[pivot][pivot]
            for row in rows[pivot + 1 :]:
                factor = Fraction(row[pivot]) / rows[pivot][pivot]
                for column in range(pivot, len(rows)):
                    row[column] -= factor * rows[pivot][column]
        return result

    def minor(self, row, column):
        """Return the matrix without one row and one column."""
        kept = self._rows[:row] + self._rows[row + 1 :]
        return Matrix([numbers[:column] + numbers[column + 1 :] for numbers in kept])

    def inverse(self):
        """Return the matrix whose product with this is the identity; ValueError if none."""
        determinant = self.determinant()
        if determinant == 0:
            raise ValueError("a singular matrix has no inverse")
        sizes = range(len(self._rows))
        if len(sizes) == 1:
            return Matrix([[Fraction(1) / determinant]])
        cofactors = [
            [(-1) ** (row + column) * self.minor(row, column).determinant() for column in sizes]
            for row in sizes
        ]
        return Matrix(cofactors).transposed() * (Fraction(1) / determinant)

    def _require_square(self):
        if self.shape[0] != self.shape[1]:
            raise ValueError("not a square matrix: %s" % (self.shape,))
