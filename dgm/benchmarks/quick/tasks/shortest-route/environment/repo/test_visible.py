from routes import NoRoute, RoadMap


def country():
    roads = RoadMap()
    roads.add_road("home", "mill", 10)
    roads.add_road("home", "lake", 2)
    roads.add_road("lake", "mill", 3)
    roads.add_road("mill", "town", 9)
    return roads


def test_direct_road():
    assert country().route("home", "lake") == (2, ["home", "lake"])


def test_detour_is_shorter():
    assert country().route("home", "town") == (14, ["home", "lake", "mill", "town"])


def test_place_behind_the_town():
    roads = country()
    roads.add_road("town", "farm", 1)
    assert roads.route("home", "farm") == (15, ["home", "lake", "mill", "town", "farm"])


def test_unknown_place():
    try:
        country().route("home", "moon")
    except NoRoute:
        return
    assert False, "a route to the moon was found"
