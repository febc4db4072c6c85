from event_log import at_least, longest_error_run, mean_durations, per_interval, read

LOG = """
10:00:00 INFO shop opened
10:00:05 INFO payment accepted took=100
10:00:09 ERROR payment refused took=300
10:01:10 INFO search found took=0
10:01:20 INFO search found took=10
10:02:00 WARNING shop slow
""".splitlines()


def test_lines_become_events():
    events = read(LOG)
    assert len(events) == 6
    assert events[1].message == "accepted"
    assert events[1].took == 100
    assert events[0].took is None


def test_severe_events():
    assert [event.level for event in at_least(read(LOG), "WARNING")] == ["ERROR", "WARNING"]


def test_events_per_minute():
    assert per_interval(read(LOG), 60) == {"10:00": 3, "10:01": 2, "10:02": 1}


def test_mean_durations():
    log = ["08:00:0%d INFO search found took=%d" % (second, second * 10) for second in (1, 2, 3)]
    assert mean_durations(read(log)) == {"search": 20}
    assert mean_durations(read(LOG)) == {"payment": 200, "search": 5}


def test_errors_in_a_row_with_other_sources_between():
    log = ["09:00:01 ERROR db lost", "09:00:02 INFO shop ok", "09:00:03 ERROR db lost"]
    assert longest_error_run(read(log)) == (2, "db")


def test_success_interrupts_a_run():
    log = ["09:00:01 ERROR db lost", "09:00:02 INFO db found", "09:00:03 ERROR db lost"]
    assert longest_error_run(read(log)) == (1, "db")
