from datetime import date

from business_days import Calendar, end_of_month, overlap

# 4 March 2024 is a Monday
MONDAY, FRIDAY, SUNDAY = date(2024, 3, 4), date(2024, 3, 8), date(2024, 3, 10)


def test_a_week_has_five_working_days():
    assert len(Calendar().working_days(MONDAY, SUNDAY)) == 5


def test_three_working_days_from_tuesday():
    found = Calendar().working_days(date(2024, 3, 5), date(2024, 3, 7))
    assert found == [date(2024, 3, 5), date(2024, 3, 6), date(2024, 3, 7)]


def test_add_skips_the_weekend():
    assert Calendar().add(FRIDAY, 1) == date(2024, 3, 11)


def test_overlap():
    assert overlap((MONDAY, FRIDAY), (date(2024, 3, 6), SUNDAY)) == (date(2024, 3, 6), FRIDAY)


def test_end_of_month():
    assert end_of_month(date(2024, 2, 10)) == date(2024, 2, 29)


def test_range_of_a_single_day():
    assert Calendar().working_days(MONDAY, MONDAY) == [MONDAY]
    assert Calendar().working_days(SUNDAY, SUNDAY) == []


def test_range_that_ends_before_it_begins():
    assert Calendar().working_days(FRIDAY, MONDAY) == []


def test_holidays_are_left_out():
    calendar = Calendar([date(2024, 3, 6)])
    assert len(calendar.working_days(MONDAY, FRIDAY)) == 4
    assert calendar.add(date(2024, 3, 5), 1) == date(2024, 3, 7)


def test_add_backwards():
    assert Calendar().add(MONDAY, -1) == date(2024, 3, 1)
    assert Calendar().add(FRIDAY, -4) == MONDAY


def test_add_nothing():
    assert Calendar().add(FRIDAY, 0) == FRIDAY
    assert Calendar().add(SUNDAY, 0) == date(2024, 3, 11)


def test_count_between():
    assert Calendar().count_between(MONDAY, FRIDAY) == 4
    assert Calendar().count_between(FRIDAY, MONDAY) == -4
    assert Calendar().count_between(MONDAY, MONDAY) == 0
    assert Calendar().count_between(FRIDAY, SUNDAY) == 0


def test_count_is_the_reverse_of_add():
    calendar = Calendar([date(2024, 3, 29), date(2024, 4, 1)])
    for count in (1, 5, 17, 25):
        assert calendar.count_between(MONDAY, calendar.add(MONDAY, count)) == count


def test_overlap_of_a_single_day_and_none():
    assert overlap((MONDAY, FRIDAY), (FRIDAY, SUNDAY)) == (FRIDAY, FRIDAY)
    assert overlap((MONDAY, MONDAY), (FRIDAY, SUNDAY)) is None


def test_end_of_december():
    assert end_of_month(date(2023, 12, 1)) == date(2023, 12, 31)
    assert end_of_month(date(2023, 11, 30)) == date(2023, 11, 30)


def test_range_across_a_month():
    found = Calendar().working_days(date(2024, 2, 28), date(2024, 3, 4))
    assert found == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), MONDAY]
