from rooms import allocate, conflicts, free_times, meeting


def test_meetings_one_after_the_other_share_a_room():
    day = [meeting("a", "9:00", "10:00"), meeting("b", "10:00", "11:00")]
    assert allocate(day) == {"a": 1, "b": 1}


def test_overlapping_meetings_get_different_rooms():
    day = [meeting("a", "9:00", "10:00"), meeting("b", "9:30", "11:00")]
    assert allocate(day) == {"a": 1, "b": 2}


def test_long_meeting_beside_short_ones():
    day = [
        meeting("x", "9:00", "12:00"),
        meeting("y", "9:30", "10:00"),
        meeting("z", "10:00", "11:00"),
    ]
    assert allocate(day) == {"x": 1, "y": 2, "z": 2}


def test_free_times():
    day = [meeting("a", "9:00", "10:00"), meeting("b", "12:00", "17:00")]
    assert free_times(day) == ["8:00-9:00", "10:00-12:00", "17:00-18:00"]


def test_free_quarter_of_an_hour():
    day = [meeting("a", "8:00", "10:00"), meeting("b", "10:15", "18:00")]
    assert free_times(day) == ["10:00-10:15"]


def test_conflicts():
    day = [
        meeting("a", "9:00", "10:00"),
        meeting("b", "9:30", "11:00"),
        meeting("c", "10:00", "12:00"),
    ]
    assert conflicts(day) == [("a", "b"), ("b", "c")]
