from bit_set import BitSet


def test_values_come_in_order():
    assert list(BitSet([5, 1, 9])) == [1, 5, 9]


def test_union_of_disjoint_sets():
    assert list(BitSet([1, 2]) | BitSet([7])) == [1, 2, 7]


def test_union_keeps_what_both_have():
    assert list(BitSet([1, 2, 3]) | BitSet([3, 4])) == [1, 2, 3, 4]


def test_membership():
    assert 4 in BitSet([4])
    assert 5 not in BitSet([4])


def test_difference():
    assert list(BitSet([1, 2, 3]) - BitSet([2, 8])) == [1, 3]


def test_union_with_itself_changes_nothing():
    numbers = BitSet([0, 3, 64])
    assert numbers | numbers == numbers


def test_union_with_a_subset():
    assert list(BitSet(range(5)) | BitSet([0, 4])) == [0, 1, 2, 3, 4]


def test_union_leaves_its_operands_alone():
    left, right = BitSet([1]), BitSet([1, 2])
    left | right
    assert list(left) == [1]
    assert list(right) == [1, 2]


def test_intersection():
    assert list(BitSet([1, 2, 3]) & BitSet([2, 3, 4])) == [2, 3]


def test_length_counts_each_value_once():
    assert len(BitSet([3, 3, 100])) == 2
    assert len(BitSet()) == 0


def test_subset():
    assert BitSet([1]) <= BitSet([1, 2])
    assert not BitSet([1, 2]) <= BitSet([1])
    assert BitSet() <= BitSet()


def test_negative_values():
    assert -1 not in BitSet([0])
    try:
        BitSet([-1])
    except ValueError:
        return
    raise AssertionError("no ValueError")


def test_equality():
    assert BitSet([2, 1]) == BitSet([1, 2])
    assert BitSet([1]) != BitSet([2])
