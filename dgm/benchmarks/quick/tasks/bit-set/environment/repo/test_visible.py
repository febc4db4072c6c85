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
