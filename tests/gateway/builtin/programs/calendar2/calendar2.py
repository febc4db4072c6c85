"""Days and weeks."""

from datetime import date, timedelta


def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in(year, month):
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def days(year, month):
    return [date(year, month, day) for day in range(1, days_in(year, month))]


def workdays(year, month):
    return sum(1 for day in days(year, month) if day.weekday() < 5)


def add_months(day, count):
    month = day.month - 1 + count
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, days_in(year, month)))


def week_start(day):
    return day - timedelta(days=day.weekday())
