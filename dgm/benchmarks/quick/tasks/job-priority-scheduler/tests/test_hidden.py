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


def drained(scheduler, now=0):
    names = []
    job = scheduler.next(now)
    while job is not None:
        names.append(job.name)
        scheduler.finish(job.name)
        job = scheduler.next(now)
    return names


def test_equals_in_order_of_arrival():
    assert drained(with_jobs(Job("a", 2), Job("b", 2), Job("c", 2))) == ["a", "b", "c"]


def test_all_priorities():
    assert drained(with_jobs(Job("a", 1), Job("b", -1), Job("c", 9))) == ["c", "a", "b"]


def test_dependencies_come_first():
    deploy = Job("deploy", 9, needs=("build", "test"))
    scheduler = with_jobs(deploy, Job("test", 1), Job("build", 2))
    assert drained(scheduler) == ["build", "test", "deploy"]


def test_less_urgent_job_fills_the_gap():
    scheduler = with_jobs(Job("later", 9, not_before=5), Job("now", 1))
    assert scheduler.next(0).name == "now"
    assert scheduler.waiting() == ["later"]
    assert scheduler.next(5).name == "later"


def test_passed_over_jobs_stay_queued():
    scheduler = with_jobs(Job("x", 1, not_before=3), Job("y", 2, not_before=4))
    assert scheduler.next(0) is None
    assert scheduler.waiting() == ["y", "x"]


def test_failed_job_is_queued_again():
    scheduler = with_jobs(Job("a"), Job("b"))
    scheduler.next(0)
    scheduler.finish("a", success=False)
    assert scheduler.waiting() == ["b", "a"]
    assert drained(scheduler) == ["b", "a"]


def test_failed_job_does_not_release_its_dependants():
    scheduler = with_jobs(Job("a", 1), Job("b", 5, needs=("a",)))
    assert scheduler.next(0).name == "a"
    assert scheduler.next(0) is None
    scheduler.finish("a", success=False)
    assert scheduler.next(0).name == "a"
    scheduler.finish("a")
    assert scheduler.next(0).name == "b"


def test_idle():
    scheduler = with_jobs(Job("a"))
    assert not scheduler.is_idle()
    scheduler.next(0)
    assert not scheduler.is_idle()
    scheduler.finish("a")
    assert scheduler.is_idle()


def test_finish_of_an_unknown_job():
    try:
        Scheduler().finish("ghost")
    except KeyError:
        return
    raise AssertionError("no KeyError")
