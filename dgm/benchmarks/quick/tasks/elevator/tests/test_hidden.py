from elevator import IDLE, UP, Elevator


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


def test_never_moves_with_open_doors():
    elevator = Elevator(top=9, floor=4)
    for floor in (1, 7, 5, 2):
        elevator.request(floor)
    floor = elevator.floor
    while True:
        was_open = elevator.doors_open
        if not elevator.step():
            break
        assert not was_open or elevator.floor == floor
        floor = elevator.floor
    assert elevator.requests() == []


def test_one_entry_for_each_step():
    elevator = Elevator(top=4)
    elevator.request(1)
    elevator.request(2)
    for number in range(1, 7):
        assert elevator.step()
        assert len(elevator.log) == number
    assert not elevator.step()


def test_keeps_its_direction():
    elevator = Elevator(top=9, floor=4)
    elevator.request(6)
    elevator.step()
    elevator.request(4)
    elevator.request(7)
    stops = [entry for entry in elevator.run().split(", ") if entry.startswith("open")]
    assert stops == ["open 6", "open 7", "open 4"]


def test_request_for_this_floor():
    elevator = Elevator(top=3, floor=2)
    elevator.request(2)
    assert elevator.run() == "open 2, close 2"


def test_request_for_this_floor_and_another():
    elevator = Elevator(top=3, floor=2)
    elevator.request(2)
    elevator.request(1)
    assert elevator.run() == "open 2, close 2, move 1, open 1, close 1"


def test_doors_stay_open_for_one_step():
    elevator = Elevator(top=3)
    elevator.request(0)
    elevator.request(3)
    elevator.step()
    assert elevator.doors_open
    assert elevator.floor == 0
    elevator.step()
    assert not elevator.doors_open


def test_idle_goes_to_the_nearest():
    elevator = Elevator(top=9, floor=5)
    elevator.request(2)
    elevator.request(7)
    elevator.step()
    assert elevator.direction == UP
    assert elevator.floor == 6


def test_equally_near_goes_up():
    elevator = Elevator(top=9, floor=5)
    elevator.request(3)
    elevator.request(7)
    elevator.step()
    assert elevator.floor == 6


def test_idle_at_the_end():
    elevator = Elevator(top=2)
    elevator.request(1)
    elevator.request(1)
    assert elevator.run() == "move 1, open 1, close 1"
    assert elevator.direction == IDLE
