from traffic_light import TrafficLight


def after(seconds):
    light = TrafficLight()
    light.tick(seconds)
    return light


def test_starts_red():
    assert after(0).colour == "red"


def test_red_until_the_last_second():
    assert after(29).colour == "red"
    assert after(29).remaining() == 1


def test_green_after_thirty_seconds():
    assert after(30).colour == "green"


def test_fault_stops_the_clock():
    light = after(10)
    light.fault()
    light.tick(100)
    assert light.colour == "red"
    assert light.remaining() == 20


def test_green_starts_full():
    assert after(30).remaining() == 25


def test_yellow_after_green():
    assert after(54).colour == "green"
    assert after(55).colour == "yellow"


def test_a_whole_cycle_takes_a_minute():
    assert after(59).colour == "yellow"
    assert after(60).colour == "red"
    assert after(60).remaining() == 30


def test_many_cycles():
    assert after(600).colour == "red"
    assert after(600 + 31).colour == "green"


def test_clear_begins_with_a_full_red():
    light = after(40)
    light.fault()
    light.clear()
    assert light.colour == "red"
    light.tick(29)
    assert light.colour == "red"
    light.tick()
    assert light.colour == "green"


def test_steps_add_up():
    light = TrafficLight()
    for _ in range(10):
        light.tick(3)
    assert light.colour == "green"


def test_remaining_is_never_zero():
    light = TrafficLight()
    for _ in range(130):
        assert light.remaining() > 0
        light.tick()
