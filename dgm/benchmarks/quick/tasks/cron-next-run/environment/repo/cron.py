"""Find the next minute at which a cron-like schedule fires."""

from datetime import datetime, timedelta

RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
LOOK_AHEAD = timedelta(days=5 * 366)


class ScheduleError(ValueError):
    """A schedule that cannot be understood."""


def parse_field(text, low, high):
    """Return the set of numbers that a field like "1-5,10,*/20" allows."""
    allowed = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        try:
            if span == "*":
                first, last = low, high
            elif dash:
                first, last = int(first), int(last)
            else:
                first = last = int(span)
            stride = int(step) if slash else 1
        except ValueError:
            raise ScheduleError("not a field: %r" % text) from None
        if not low <= first <= last <= high or stride < 1:
            raise ScheduleError("out of range: %r" % part)
        allowed.update(range(first, last + 1, stride))
    return frozenset(allowed)


class Schedule:
    """A parsed schedule: `Schedule("30 7 * * 1").next_after(moment)`."""

    def __init__(self, text):
        fields = text.split()
        if len(fields) != len(RANGES):
            raise ScheduleError("five fields are needed: %r" % text)
        parsed = [parse_field(field, *limits) for field, limits in zip(fields, RANGES)]
        self.minutes, self.hours, self.days, self.months, self.weekdays = parsed

    def day_matches(self, day):
        """Tell whether the schedule may fire on the day of a moment."""
        return (
            day.month in self.months
            and day.day in self.days
            and day.weekday() % 7 in self.weekdays
        )

    def next_after(self, moment):
        """Return the first matching minute after that of `moment`; None if none in 5 years."""
        candidate = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        limit = candidate + LOOK_AHEAD
        while candidate < limit:
            if not self.day_matches(candidate):
                candidate = candidate.replace(hour=0, minute=0) + timedelta(days=1)
            elif candidate.hour not in self.hours:
                candidate = candidate.replace(minute=0) + timedelta(hours=1)
            elif candidate.minute not in self.minutes:
                candidate += timedelta(minutes=1)
            else:
                return candidate
        return None

    def upcoming(self, moment, count):
        """Return up to `count` next runs after a moment."""
        runs = []
        while len(runs) < count and moment is not None:
            moment = self.next_after(moment)
            if moment is not None:
                runs.append(moment)
        return runs


def next_run(text, year, month, day, hour=0, minute=0):
    """Return the next run after a moment as text, like "2024-05-20 07:30", or "never"."""
    found = Schedule(text).next_after(datetime(year, month, day, hour, minute))
    return found.strftime("%Y-%m-%d %H:%M") if found else "never"
