"""Ranges of dates, counted in working days."""

from datetime import date, timedelta

ONE_DAY = timedelta(days=1)
SATURDAY = 5


class Calendar:
    """Knows which days are working days: Monday to Friday, except holidays."""

    def __init__(self, holidays=()):
        self.holidays = frozenset(holidays)

    def is_working_day(self, day):
        return day.weekday() < SATURDAY and day not in self.holidays

    def working_days(self, first, last):
        """The working days from first to last, both included, in order."""
        return [day for day in days(first, last) if self.is_working_day(day)]

    def add(self, start, count):
        """The working day that lies `count` working days after `start` (before it if negative).

        The start itself is never counted. With 0 it is the start, or if that is no working day,
        the next one after it.
        """
        if count == 0:
            while not self.is_working_day(start):
                start += ONE_DAY
            return start
        step = ONE_DAY if count > 0 else -ONE_DAY
        left = abs(count)
        day = start
        while left > 0:
            day += step
            if self.is_working_day(day):
                left -= 1
        return day

    def count_between(self, start, end):
        """How many working days lie after `start` up to and including `end`."""
        if end < start:
            return -self.count_between(end, start)
        return len(self.working_days(start + ONE_DAY, end))


def days(first, last):
    """Every date from first to last, both included; nothing if last is earlier."""
    return [first + timedelta(days=offset) for offset in range((last - first).days)]


def overlap(one, other):
    """The range (first, last) of days that two ranges share, or None."""
    first = max(one[0], other[0])
    last = min(one[1], other[1])
    return (first, last) if first <= last else None


def end_of_month(day):
    """The last date of the month of a day."""
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return following - ONE_DAY
