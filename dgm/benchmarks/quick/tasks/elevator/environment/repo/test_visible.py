from elevator import Elevator


def test_one_request():
    elevator = Elevator(top=5)
    elevator.request(2)
    assert elevator.run() == "move 1, move 2, open 2, close 2"


def test_doors_are_closed_before_it_moves_on():
    elevator = Elevator(top=5)
    elevator.request(1)
    elevator.request(3)
    assert elevator.run() == "move 1, open 1, close 1, move 2, move 3, open 3, close 3"


def test_nothing_to_do():
    assert Elevator(top=3).run() == ""


def test_unknown_floor():
    try:
        Elevator(top=3).request(4)
    except ValueError:
        return
    assert False, "floor 4 of 3 was accepted"
