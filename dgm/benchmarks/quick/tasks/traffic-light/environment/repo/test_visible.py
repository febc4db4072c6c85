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
