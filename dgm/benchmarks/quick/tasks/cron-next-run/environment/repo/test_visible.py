from cron import ScheduleError, next_run, parse_field


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
