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


def run_of(*events):
    lines = ["00:00:%02d %s text" % (second, event) for second, event in enumerate(events)]
    return longest_error_run(read(lines))


def test_own_success_begins_a_new_run():
    assert run_of("INFO a", "ERROR a") == (1, "a")
    assert run_of("ERROR a", "WARNING a", "ERROR a", "ERROR a") == (2, "a")


def test_runs_of_two_sources_are_counted_apart():
    assert run_of("ERROR a", "ERROR b", "INFO b", "ERROR a", "ERROR b", "ERROR a") == (3, "a")


def test_first_of_equal_runs():
    assert run_of("ERROR a", "ERROR b", "ERROR b", "ERROR a") == (2, "b")


def test_no_errors():
    assert run_of("INFO a", "WARNING a") == (0, None)
    assert run_of() == (0, None)


def test_duration_of_zero_counts():
    events = read(["01:00:00 INFO a x took=0", "01:00:01 INFO b x"])
    assert events[0].took == 0
    assert mean_durations(events) == {"a": 0}


def test_events_without_duration_do_not_count():
    lines = ["01:00:00 INFO a x took=4", "01:00:01 INFO a x", "01:00:02 INFO a x took=8"]
    assert mean_durations(read(lines)) == {"a": 6}


def test_mean_durations_of_three_sources():
    took = (("a", 6), ("b", 1), ("b", 4), ("c", 0))
    lines = ["01:00:00 INFO %s x took=%d" % pair for pair in took]
    assert mean_durations(read(lines)) == {"a": 6, "b": 2.5, "c": 0}


def test_events_are_sorted_by_time():
    seconds = [event.second for event in read(reversed(LOG))]
    assert seconds == [36000, 36005, 36009, 36070, 36080, 36120]


def test_other_lines_are_skipped():
    assert read(["", "# note", "10:00 INFO a b", "10:00:00 NOTICE a b"]) == []


def test_intervals_of_an_hour():
    lines = ["%02d:59:59 INFO a x" % hour for hour in (1, 2, 2, 23)]
    assert per_interval(read(lines), 3600) == {"01:00": 1, "02:00": 2, "23:00": 1}


def test_message_may_hold_spaces():
    assert read(["10:00:00 INFO a card was refused took=7"])[0].message == "card was refused"
