"""The loop end to end: the tiny learner in real sandboxes."""

from tests.machine import facts, solved_tasks


def test_children_enter_the_archive_and_the_best_is_measured_on_sealed_tasks(machine, run):
    with machine.evolution(run) as evolution:
        assert evolution.run()
    print(facts(run), run.usage())
    assert 0
