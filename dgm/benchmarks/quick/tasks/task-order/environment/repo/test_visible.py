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
