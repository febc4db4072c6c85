from order import CircleError, Plan


def house():
    plan = Plan()
    plan.add("roof", "walls")
    plan.add("walls", "stones", "ground")
    plan.add("paint", "roof")
    return plan


def circle_of(plan):
    try:
        plan.order()
    except CircleError as error:
        return error.path
    return None


def is_circle(plan, path):
    closed = path[0] == path[-1] and len(set(path)) == len(path) - 1
    return closed and all(need in plan.needs(task) for task, need in zip(path, path[1:]))


def test_order():
    assert house().order() == ["ground", "stones", "walls", "roof", "paint"]


def test_levels():
    assert house().levels() == [["ground", "stones"], ["walls"], ["roof"], ["paint"]]


def test_circle_with_tasks_that_wait_for_it():
    plan = house()
    plan.add("stones", "cart")
    plan.add("cart", "walls")
    path = circle_of(plan)
    assert set(path) == {"walls", "stones", "cart"}
    assert is_circle(plan, path)


def test_task_that_needs_itself():
    plan = Plan()
    plan.add("egg", "egg")
    plan.add("cake", "egg")
    assert circle_of(plan) == ["egg", "egg"]


def test_circle_of_two():
    plan = Plan()
    plan.add("hen", "egg")
    plan.add("egg", "hen")
    assert is_circle(plan, circle_of(plan))
    assert len(circle_of(plan)) == 3


def test_circle_against_the_alphabet():
    plan = Plan()
    for task, need in ("ad", "dc", "cb", "ba"):
        plan.add(task, need)
    path = circle_of(plan)
    assert len(path) == 5
    assert is_circle(plan, path)


def test_one_of_two_circles():
    plan = Plan()
    for task, need in ("ab", "ba", "cd", "de", "ec", "xa", "yc"):
        plan.add(task, need)
    path = circle_of(plan)
    assert is_circle(plan, path)
    assert set(path) in ({"a", "b"}, {"c", "d", "e"})


def test_circles_that_share_a_task():
    plan = Plan()
    for task, need in ("ab", "bc", "ca", "bd", "db"):
        plan.add(task, need)
    assert is_circle(plan, circle_of(plan))


def test_long_way_into_the_circle():
    plan = Plan()
    names = ["t%02d" % number for number in range(30)]
    for task, need in zip(names, names[1:]):
        plan.add(task, need)
    plan.add("t29", "t25")
    path = circle_of(plan)
    assert sorted(path[1:]) == names[25:]
    assert is_circle(plan, path)


def test_levels_name_the_circle_too():
    plan = house()
    plan.add("walls", "roof")
    try:
        plan.levels()
    except CircleError as error:
        assert sorted(error.path[1:]) == ["roof", "walls"]
        assert str(error) == "circle: " + " -> ".join(error.path)
        return
    assert False, "a circle was put in levels"


def test_finished_tasks_are_not_in_the_circle():
    plan = Plan()
    plan.add("b", "a", "c")
    plan.add("c", "a", "b")
    assert sorted(circle_of(plan)[1:]) == ["b", "c"]


def test_no_circle():
    assert circle_of(house()) is None
    assert Plan().order() == []
    assert Plan().levels() == []


def test_ready_tasks_by_name():
    plan = Plan()
    plan.add("z")
    plan.add("a", "m")
    plan.add("b")
    assert plan.order() == ["b", "m", "a", "z"]


def test_neighbours():
    plan = house()
    assert plan.needed_by("walls") == ["roof"]
    assert plan.needs("walls") == ["ground", "stones"]
    assert plan.all_needs("roof") == ["ground", "stones", "walls"]
