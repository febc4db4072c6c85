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
