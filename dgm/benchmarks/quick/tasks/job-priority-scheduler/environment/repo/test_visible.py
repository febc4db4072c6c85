from scheduler import Job, Scheduler


def with_jobs(*jobs):
    scheduler = Scheduler()
    for job in jobs:
        scheduler.add(job)
    return scheduler


def test_single_job():
    assert with_jobs(Job("a")).next(0).name == "a"


def test_urgent_job_comes_first():
    scheduler = with_jobs(Job("slow", 1), Job("urgent", 5))
    assert scheduler.next(0).name == "urgent"
    assert scheduler.waiting() == ["slow"]


def test_job_waits_for_its_time():
    scheduler = with_jobs(Job("later", not_before=10))
    assert scheduler.next(9) is None
    assert scheduler.next(10).name == "later"


def test_waiting_is_ordered_by_urgency():
    assert with_jobs(Job("a", 1), Job("b", 3), Job("c", 2)).waiting() == ["b", "c", "a"]
