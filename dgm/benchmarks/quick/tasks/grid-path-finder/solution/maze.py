"""Find shortest ways through mazes drawn with characters."""

from collections import deque

WALL = "#"
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))


class Maze:
    """A rectangle of cells (row, column); `S` is the start, `E` the end, `#` a wall."""

    def __init__(self, drawing):
        self.rows = [line for line in drawing.splitlines() if line.strip()]
        self.height = len(self.rows)
        self.width = len(self.rows[0]) if self.rows else 0
        if any(len(line) != self.width for line in self.rows):
            raise ValueError("all lines of a maze must have the same length")
        self.start = self._locate("S")
        self.end = self._locate("E")

    def _locate(self, mark):
        for row, line in enumerate(self.rows):
            if mark in line:
                return row, line.index(mark)
        raise ValueError(f"the maze has no {mark}")

    def is_free(self, row, column):
        inside = 0 <= row < self.height and 0 <= column < self.width
        return inside and self.rows[row][column] != WALL

    def neighbours(self, cell):
        """The free cells above, right, below and left of a cell, in this order."""
        row, column = cell
        for down, right in MOVES:
            if self.is_free(row + down, column + right):
                yield row + down, column + right

    def path(self):
        """A shortest list of cells from start to end, both included, or None."""
        came_from = {self.start: None}
        queue = deque([self.start])
        while queue:
            cell = queue.popleft()
            if cell == self.end:
                return self._trace(came_from)
            for neighbour in self.neighbours(cell):
                if neighbour not in came_from:
                    came_from[neighbour] = cell
                    queue.append(neighbour)
        return None

    def _trace(self, came_from):
        cells = []
        cell = self.end
        while cell is not None:
            cells.append(cell)
            cell = came_from[cell]
        return cells[::-1]

    def steps(self):
        """The length of the shortest way in steps, or None if there is no way."""
        path = self.path()
        return None if path is None else len(path) - 1

    def drawn(self):
        """The maze with the shortest way marked by dots."""
        picture = [list(line) for line in self.rows]
        for row, column in (self.path() or [])[1:-1]:
            picture[row][column] = "."
        return "\n".join("".join(line) for line in picture)
