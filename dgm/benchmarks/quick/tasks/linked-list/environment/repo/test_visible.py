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
