from datetime import datetime

from cron import Schedule, ScheduleError, next_run, parse_field


def test_fields():
    assert parse_field("1-5", 0, 6) == {1, 2, 3, 4, 5}
    assert parse_field("*/20,7", 0, 59) == {0, 7, 20, 40}


def test_every_quarter_of_an_hour():
    assert next_run("*/15 * * * *", 2024, 5, 15, 12, 50) == "2024-05-15 13:00"


def test_first_of_the_month():
    assert next_run("0 6 1 * *", 2024, 12, 5) == "2025-01-01 06:00"


def test_mondays():
    assert next_run("30 7 * * 1", 2024, 5, 15, 12) == "2024-05-20 07:30"


def test_four_fields_are_not_enough():
    try:
        next_run("0 6 1 *", 2024, 1, 1)
    except ScheduleError:
        return
    assert False, "four fields were accepted"


def refused(text):
    try:
        Schedule(text)
    except ScheduleError:
        return True
    return False


def test_sundays_are_zero():
    assert next_run("0 12 * * 0", 2024, 5, 15) == "2024-05-19 12:00"


def test_saturdays_are_six():
    assert next_run("0 12 * * 6", 2024, 5, 15) == "2024-05-18 12:00"


def test_working_days():
    runs = Schedule("0 9 * * 1-5").upcoming(datetime(2024, 5, 16, 12), 4)
    assert [run.day for run in runs] == [17, 20, 21, 22]


def test_friday_the_thirteenth():
    assert next_run("0 0 13 * 5", 2024, 1, 1) == "2024-09-13 00:00"


def test_strictly_after():
    assert next_run("30 7 * * *", 2024, 5, 15, 7, 30) == "2024-05-16 07:30"
    assert next_run("30 7 * * *", 2024, 5, 15, 7, 29) == "2024-05-15 07:30"


def test_leap_day_and_never():
    assert next_run("0 0 29 2 *", 2025, 1, 1) == "2028-02-29 00:00"
    assert next_run("0 0 31 2 *", 2024, 1, 1) == "never"


def test_later_hour_starts_at_its_first_minute():
    assert next_run("5,10 3,20 * * *", 2024, 5, 15, 3, 45) == "2024-05-15 20:05"


def test_bad_fields():
    for text in ("60 * * * *", "* 24 * * *", "* * 0 * *", "* * * * 7", "5-1 * * * *"):
        assert refused(text), text
    assert refused("*/0 * * * *")
    assert refused("x * * * *")
