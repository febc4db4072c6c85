from linked_list import LinkedList


def test_iteration():
    assert list(LinkedList("abc")) == ["a", "b", "c"]


def test_index_from_the_front():
    numbers = LinkedList([10, 20, 30])
    assert numbers[0] == 10
    assert numbers[2] == 30


def test_index_from_the_end():
    assert LinkedList([10, 20, 30])[-1] == 30


def test_reverse():
    numbers = LinkedList([1, 2, 3])
    numbers.reverse()
    assert list(numbers) == [3, 2, 1]


def fails(values, index):
    try:
        LinkedList(values)[index]
    except IndexError:
        return True
    return False


def test_every_negative_index():
    values = [4, 5, 6, 7]
    numbers = LinkedList(values)
    assert [numbers[i] for i in (-4, -3, -2, -1)] == values


def test_single_value():
    assert LinkedList(["x"])[-1] == "x"
    assert LinkedList(["x"])[0] == "x"


def test_index_too_large():
    assert fails([1, 2], 2)
    assert fails([], 0)


def test_index_too_small():
    assert fails([1, 2], -3)
    assert fails([], -1)


def test_length():
    assert len(LinkedList()) == 0
    assert len(LinkedList(range(5))) == 5


def test_reverse_then_index():
    numbers = LinkedList([1, 2, 3])
    numbers.reverse()
    assert numbers[-1] == 1
    assert numbers[0] == 3


def test_reverse_of_nothing():
    numbers = LinkedList()
    numbers.reverse()
    assert list(numbers) == []
