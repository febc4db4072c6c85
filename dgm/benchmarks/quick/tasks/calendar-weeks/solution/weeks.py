"""Gregorian dates: leap years, day numbers and ISO weeks."""

MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
WEDNESDAY, THURSDAY = 2, 3


def is_leap(year):
    """Tell whether a year has 366 days.

    Every fourth year has, but of the full centuries only every fourth, such as 1600.
    """
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year, month):
    """Return the number of days of a month (1 to 12)."""
    if not 1 <= month <= 12:
        raise ValueError("no such month: %d" % month)
    return 29 if month == 2 and is_leap(year) else MONTH_LENGTHS[month - 1]


def day_of_year(year, month, day):
    """Return the number of a day within its year, 1 for 1 January."""
    if not 1 <= day <= days_in_month(year, month):
        raise ValueError("no such day: %d-%02d-%02d" % (year, month, day))
    return sum(days_in_month(year, earlier) for earlier in range(1, month)) + day


def day_number(year, month, day):
    """Return the number of a day since the start of year 1, which was a Monday with number 1."""
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400 + day_of_year(year, month, day)


def weekday(year, month, day):
    """Return the day of the week: 0 is Monday, 6 is Sunday."""
    return (day_number(year, month, day) - 1) % 7


def days_between(first, second):
    """Return how many days the second (year, month, day) is after the first."""
    return day_number(*second) - day_number(*first)


def weeks_in_year(year):
    """Return 52 or 53."""
    start = weekday(year, 1, 1)
    return 53 if start == THURSDAY or start == WEDNESDAY and is_leap(year) else 52


def iso_week(year, month, day):
    """Return (year, week) of the ISO week a day belongs to."""
    week = (day_of_year(year, month, day) - weekday(year, month, day) + 9) // 7
    if week == 0:
        return year - 1, weeks_in_year(year - 1)
    if week > weeks_in_year(year):
        return year + 1, 1
    return year, week


def week_text(year, month, day):
    """Return a day in ISO week form, such as 2024-W05-3, where 1 is Monday."""
    week_year, week = iso_week(year, month, day)
    return "%d-W%02d-%d" % (week_year, week, weekday(year, month, day) + 1)


def month_page(year, month):
    """Return the weeks of a month as lists of seven days, 0 for days of other months."""
    days = [0] * weekday(year, month, 1) + list(range(1, days_in_month(year, month) + 1))
    days += [0] * (-len(days) % 7)
    return [days[start : start + 7] for start in range(0, len(days), 7)]
