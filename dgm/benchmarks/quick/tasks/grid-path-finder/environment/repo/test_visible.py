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
