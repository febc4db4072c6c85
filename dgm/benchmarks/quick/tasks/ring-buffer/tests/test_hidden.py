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


def test_push_returns_none_while_there_is_room():
    buffer = RingBuffer(2)
    assert buffer.push(1) is None
    assert buffer.push(2) is None


def test_items_after_pops_and_wrap():
    buffer = filled(4, 1, 2, 3, 4)
    buffer.pop()
    buffer.pop()
    buffer.push(5)
    assert buffer.items() == [3, 4, 5]
    assert len(buffer) == 3


def test_empty_buffer_has_no_items():
    buffer = filled(2, 1)
    buffer.pop()
    assert buffer.items() == []
    assert len(buffer) == 0


def test_pop_from_empty_raises():
    try:
        RingBuffer(1).pop()
    except IndexError:
        return
    raise AssertionError("no IndexError")


def test_capacity_one():
    buffer = filled(1, 1, 2)
    assert buffer.items() == [2]
    assert buffer.push(3) == 2


def test_capacity_must_be_positive():
    try:
        RingBuffer(0)
    except ValueError:
        return
    raise AssertionError("no ValueError")


def test_items_agree_with_a_plain_list():
    buffer, model = RingBuffer(3), []
    for step in range(30):
        if step % 4 == 3 and model:
            assert buffer.pop() == model.pop(0)
        else:
            buffer.push(step)
            model = (model + [step])[-3:]
        assert buffer.items() == model
