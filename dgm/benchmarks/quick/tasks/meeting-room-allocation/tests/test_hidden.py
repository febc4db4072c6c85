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


def busy(*spans):
    return [meeting(str(number), *span.split("-")) for number, span in enumerate(spans, start=1)]


def test_order_of_the_list_does_not_matter():
    day = busy("13:00-14:00", "9:00-15:00", "8:00-9:30")
    assert allocate(day) == {"3": 1, "2": 2, "1": 1}
    assert allocate(day[::-1]) == allocate(day)


def test_as_few_rooms_as_possible():
    day = busy("8:00-17:00", "9:00-10:00", "9:30-11:00", "10:00-12:00", "11:00-12:30")
    assert max(allocate(day).values()) == 3


def test_no_two_meetings_in_one_room():
    day = busy("8:00-12:00", "8:00-9:00", "8:30-10:00", "9:00-16:00", "11:45-13:00", "10:00-10:30")
    rooms = allocate(day)
    assert all(rooms[one] != rooms[other] for one, other in conflicts(day))


def test_lowest_free_number_is_taken():
    day = busy("8:00-9:00", "8:00-9:30", "8:00-10:00", "9:30-11:00", "9:45-11:00")
    assert allocate(day) == {"1": 1, "2": 2, "3": 3, "4": 1, "5": 2}


def test_free_times_of_an_empty_day():
    assert free_times([]) == ["8:00-18:00"]


def test_free_times_of_a_full_day():
    assert free_times(busy("7:00-12:00", "9:00-10:00", "12:00-19:00")) == []


def test_short_gaps_are_left_out():
    day = busy("8:00-10:00", "10:10-12:00", "12:15-18:00")
    assert free_times(day) == ["12:00-12:15"]
    assert free_times(day, at_least=5) == ["10:00-10:10", "12:00-12:15"]


def test_meetings_outside_the_opening_hours():
    assert free_times(busy("6:00-7:00", "19:00-20:00")) == ["8:00-18:00"]
    assert free_times(busy("6:00-9:00", "17:00-20:00")) == ["9:00-17:00"]


def test_nested_meetings_and_free_time():
    day = busy("9:00-16:00", "10:00-11:00", "14:00-15:00", "15:30-16:30")
    assert free_times(day) == ["8:00-9:00", "16:30-18:00"]


def test_bad_times():
    for start, end in (("9:00", "9:00"), ("10:00", "9:00"), ("9", "10:00"), ("9:61", "10:00")):
        try:
            meeting("bad", start, end)
        except ValueError:
            continue
        raise AssertionError("no ValueError for " + start + "-" + end)
