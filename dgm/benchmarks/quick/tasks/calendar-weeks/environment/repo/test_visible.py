from weeks import days_between, is_leap, iso_week, month_page, weekday


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
