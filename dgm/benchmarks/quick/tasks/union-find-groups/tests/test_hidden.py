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


def test_join_tells_whether_something_changed():
    groups = Groups()
    assert groups.join(1, 2) is True
    assert groups.join(2, 1) is False
    assert groups.join(1, 1) is False


def test_small_group_joins_large_group():
    groups = joined("ab", "ac", "xy", "ya")
    assert groups.together("x", "c")
    assert groups.together("y", "b")
    assert groups.size("x") == 5


def test_large_group_joins_small_group():
    groups = joined("ab", "ac", "xy", "ax")
    assert groups.all() == [["a", "b", "c", "x", "y"]]


def test_size_agrees_with_the_members():
    groups = Groups(range(12))
    for one, other in [(0, 1), (2, 3), (1, 3), (4, 5), (6, 5), (3, 6), (8, 9), (9, 2)]:
        groups.join(one, other)
    for group in groups.all():
        assert all(groups.size(thing) == len(group) for thing in group)
    assert groups.all()[0] == [0, 1, 2, 3, 4, 5, 6, 8, 9]


def test_lonely_things_are_groups():
    assert Groups("abc").all() == [["a"], ["b"], ["c"]]


def test_spanning_tree():
    edges = [(4, "a", "b"), (1, "b", "c"), (2, "a", "c"), (7, "c", "d"), (3, "d", "b")]
    assert spanning_tree(edges) == [(1, "b", "c"), (2, "a", "c"), (3, "d", "b")]


def test_spanning_forest():
    edges = [(1, 1, 2), (1, 3, 4), (2, 2, 1)]
    assert spanning_tree(edges) == [(1, 1, 2), (1, 3, 4)]


def test_meetings_until_connected():
    meetings = ["ab", "cd", "ba", "bd", "ac"]
    assert friends_until_all_connected("abcd", meetings) == 4
    assert friends_until_all_connected("abcde", meetings) is None
    assert friends_until_all_connected("a", []) == 0
