from groups import Groups, friends_until_all_connected, spanning_tree


def joined(*pairs):
    groups = Groups()
    for one, other in pairs:
        groups.join(one, other)
    return groups


def test_two_pairs_are_two_groups():
    assert joined("ab", "cd").all() == [["a", "b"], ["c", "d"]]


def test_chain_is_one_group():
    assert joined("ab", "bc").together("a", "c")


def test_joining_two_pairs():
    groups = joined("ab", "cd", "bd")
    assert groups.all() == [["a", "b", "c", "d"]]


def test_spanning_tree_of_a_triangle():
    edges = [(3, "a", "c"), (1, "a", "b"), (2, "b", "c")]
    assert spanning_tree(edges) == [(1, "a", "b"), (2, "b", "c")]


def test_meeting_of_two():
    assert friends_until_all_connected("ab", ["ab"]) == 1


def test_size():
    assert joined("ab").size("b") == 2
    assert joined("ab").size("z") == 1
