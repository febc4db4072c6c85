from ring_buffer import RingBuffer


def filled(capacity, *items):
    buffer = RingBuffer(capacity)
    for item in items:
        buffer.push(item)
    return buffer


def test_items_come_oldest_first():
    assert filled(4, "a", "b", "c").items() == ["a", "b", "c"]


def test_full_buffer_forgets_the_oldest():
    assert filled(3, 1, 2, 3, 4).items() == [2, 3, 4]


def test_pop_takes_the_oldest():
    buffer = filled(3, 1, 2, 3)
    assert buffer.pop() == 1
    assert buffer.items() == [2, 3]


def test_push_returns_what_it_drops():
    buffer = filled(2, "x", "y")
    assert buffer.push("z") == "x"
