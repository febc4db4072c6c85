from weeks import (
    day_of_year,
    days_between,
    days_in_month,
    is_leap,
    iso_week,
    month_page,
    week_text,
    weekday,
    weeks_in_year,
)


def test_ordinary_leap_years():
    assert [year for year in range(2001, 2013) if is_leap(year)] == [2004, 2008, 2012]


def test_full_centuries():
    assert is_leap(2000)
    assert not is_leap(1900)


def test_weekdays():
    assert weekday(2024, 5, 15) == 2
    assert weekday(2024, 2, 29) == 3


def test_weeks():
    assert iso_week(2024, 5, 15) == (2024, 20)
    assert iso_week(2022, 1, 2) == (2021, 52)


def test_first_days_of_a_year():
    assert iso_week(2021, 1, 1) == (2020, 53)


def test_month_page():
    assert month_page(2021, 2)[0] == [1, 2, 3, 4, 5, 6, 7]
    assert len(month_page(2021, 2)) == 4


def test_days_between():
    assert days_between((2023, 12, 31), (2024, 3, 1)) == 61


def refused(function, *arguments):
    try:
        function(*arguments)
    except ValueError:
        return True
    return False


def test_many_centuries():
    assert [year for year in range(1600, 2500, 100) if is_leap(year)] == [1600, 2000, 2400]
    assert not is_leap(2023)


def test_days_of_february():
    assert days_in_month(2000, 2) == 29
    assert days_in_month(2100, 2) == 28
    assert days_in_month(2023, 2) == 28
    assert refused(day_of_year, 1900, 2, 29)


def test_days_across_the_turn_of_the_century():
    assert days_between((2000, 2, 28), (2000, 3, 1)) == 2
    assert days_between((1899, 12, 31), (1900, 12, 31)) == 365
    assert day_of_year(2000, 12, 31) == 366


def test_weekdays_in_2000():
    assert weekday(2000, 2, 29) == 1
    assert weekday(2000, 12, 25) == 0
    assert weekday(1900, 3, 1) == 3


def test_long_years():
    long_years = [year for year in range(2000, 2030) if weeks_in_year(year) == 53]
    assert long_years == [2004, 2009, 2015, 2020, 2026]


def test_days_before_week_one():
    assert iso_week(2010, 1, 3) == (2009, 53)
    assert iso_week(2016, 1, 1) == (2015, 53)
    assert iso_week(2005, 1, 1) == (2004, 53)
    assert iso_week(2023, 1, 1) == (2022, 52)
    assert iso_week(2027, 1, 1) == (2026, 53)


def test_january_of_a_long_year():
    assert iso_week(2009, 1, 1) == (2009, 1)
    assert iso_week(2026, 1, 1) == (2026, 1)


def test_days_of_the_next_year():
    assert iso_week(2024, 12, 30) == (2025, 1)
    assert iso_week(2020, 12, 31) == (2020, 53)


def test_week_text():
    assert week_text(2024, 1, 31) == "2024-W05-3"
    assert week_text(2021, 1, 3) == "2020-W53-7"


def test_month_page_with_gaps():
    page = month_page(2024, 9)
    assert page[0] == [0, 0, 0, 0, 0, 0, 1]
    assert page[-1] == [30, 0, 0, 0, 0, 0, 0]
    assert len(page) == 6


def test_bad_dates():
    assert refused(days_in_month, 2024, 13)
    assert refused(day_of_year, 2024, 4, 31)
    assert refused(day_of_year, 2024, 4, 0)
