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


def test_way_back_is_as_long():
    roads = country()
    roads.add_road("town", "farm", 1)
    assert roads.route("farm", "home")[0] == 15


def test_long_chain_with_a_detour_at_each_step():
    roads = RoadMap()
    for step in range(12):
        roads.add_road("p%02d" % step, "p%02d" % (step + 1), 5)
        roads.add_road("p%02d" % step, "q%02d" % step, 1)
        roads.add_road("q%02d" % step, "p%02d" % (step + 1), 1)
    length, path = roads.route("p00", "p12")
    assert length == 24
    assert len(path) == 25
    assert len(roads.within("p00", 100)) == 24


def test_all_places_are_explored():
    roads = country()
    roads.add_road("town", "farm", 1)
    roads.add_road("farm", "cave", 50)
    distances, _ = roads.explore("home")
    assert distances == {"home": 0, "lake": 2, "mill": 5, "town": 14, "farm": 15, "cave": 65}


def test_within_a_limit():
    assert country().within("home", 5) == ["lake", "mill"]
    assert country().within("home", 1) == []


def test_most_remote():
    roads = country()
    roads.add_road("town", "farm", 1)
    assert roads.most_remote("home") == "farm"
    assert roads.most_remote("farm") == "home"


def test_one_way_road():
    roads = RoadMap()
    roads.add_road("top", "foot", 4, one_way=True)
    assert roads.route("top", "foot") == (4, ["top", "foot"])
    try:
        roads.route("foot", "top")
    except NoRoute:
        return
    assert False, "a one-way road was used the wrong way"


def test_shorter_of_two_roads_counts():
    roads = RoadMap()
    roads.add_road("a", "b", 3)
    roads.add_road("a", "b", 8)
    roads.add_road("b", "a", 2)
    assert roads.neighbours("a") == {"b": 2}


def test_route_to_itself():
    assert country().route("mill", "mill") == (0, ["mill"])
    assert country().places() == ["home", "lake", "mill", "town"]


def test_negative_length():
    try:
        RoadMap().add_road("a", "b", -1)
    except ValueError:
        return
    assert False, "a negative length was accepted"
