from maze import Maze

CORRIDOR = """
#####
#S E#
#####
"""

ROOM = """
S--E
----
----
"""

CLOSED = """
S#E
"""

DETOUR = """
S-----
-####-
-#E---
-##-#-
------
"""


def test_corridor():
    assert Maze(CORRIDOR).path() == [(1, 1), (1, 2), (1, 3)]


def test_no_way():
    assert Maze(CLOSED).path() is None
    assert Maze(CLOSED).steps() is None


def test_shortest_way_through_an_empty_room():
    assert Maze(ROOM).steps() == 3


def test_shorter_of_two_ways():
    assert Maze(DETOUR).steps() == 10


def test_drawn_corridor():
    assert Maze(CORRIDOR).drawn() == "#####\n#S.E#\n#####"


WIDE = """
S-------E
---------
"""


def test_wide_room():
    assert Maze(WIDE).steps() == 8
    assert Maze(WIDE).drawn() == "S.......E\n---------"


def test_tall_room():
    assert Maze("E-\n--\n--\n--\nS-").steps() == 4


def test_path_leads_from_start_to_end():
    path = Maze(DETOUR).path()
    assert path[0] == (0, 0)
    assert path[-1] == (2, 2)
    assert len(set(path)) == len(path)


def test_every_step_goes_to_a_free_neighbour():
    path = Maze(DETOUR).path()
    for (row, column), (next_row, next_column) in zip(path, path[1:]):
        assert abs(row - next_row) + abs(column - next_column) == 1
        assert DETOUR.split()[next_row][next_column] != "#"


def test_start_beside_end():
    maze = Maze("SE")
    assert maze.path() == [(0, 0), (0, 1)]
    assert maze.drawn() == "SE"


def test_ways_do_not_leave_the_maze():
    assert Maze("S#\n#E").path() is None
    assert Maze("#S#\n###\n#E#").path() is None


def test_lines_of_different_length():
    try:
        Maze("S-\n--E")
    except ValueError:
        return
    raise AssertionError("no ValueError")


def test_maze_without_end():
    try:
        Maze("S--")
    except ValueError as error:
        assert "E" in str(error)
        return
    raise AssertionError("no ValueError")
