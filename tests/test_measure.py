"""`dgm eval` behind its command: budgets hold, faults of the machine are tried again."""

from dataclasses import replace

import pytest

from dgm.errors import MachineError, UserError
from dgm.fanout import ThreadFanOut
from dgm.measure import all_evidence, measure, missing_evaluations
from dgm.records import Outcome, Purpose, Score, Split
from dgm.report import summarise, tree_as_json
from dgm.wiring import checkouts, settle
from tests.fakes import FRAGILE, FaultyDriver, FragileDriver, always, first, never
from tests.machine import facts, write_agent


def measured(machine, run, *settings):
    """Measure the seed agent on the search tasks as `dgm eval` does; return the rows."""
    config = machine.config(*settings)
    with (
        machine.laboratory(config, folder=run.run.path) as lab,
        checkouts(run.repository) as checkout,
        ThreadFanOut(config.workers) as fanout,
    ):
        run.add_tasks(lab.benchmark.tasks())
        usage_of = settle(lab, run)
        seed = run.agent("a0000")
        lab.bound(seed)
        units = missing_evaluations(lab, run, seed, checkout(seed.tree_hash), Split.SEARCH, 1)
        return list(measure(lab, run, fanout, units, usage_of))


def test_what_is_known_is_not_measured_again(machine, run):
    assert [row.outcome for row in measured(machine, run)] == ["solved", "empty_patch"]
    assert measured(machine, run) == []


def test_what_is_measured_beside_a_run_decides_nothing_in_it(machine, learner):
    def evolved(store, *settings):
        with machine.evolution(store, machine.config(*settings)) as evolution:
            assert evolution.run()

    def standing(store):
        told = tree_as_json(summarise(store))
        return [told[key] for key in ("status", "best")] + [
            [agent[key] for key in ("id", "state", "solved", "attempted", "sealed_attempted")]
            for agent in told["agents"]
        ]

    def decided(store):
        outcomes = facts(store)["outcomes"].items()
        return facts(store)["agents"], {k: v for k, v in outcomes if k[0] is not Purpose.MEASURE}

    first_part, rest = ("benchmark.stages=[1]", "budget.children=0"), ("benchmark.stages=[1]",)
    with machine.new_run(learner, "alone") as alone:
        evolved(alone, *first_part)
        evolved(alone, *rest)
        expected = decided(alone)
    with machine.new_run(learner, "measured") as store:
        evolved(store, *first_part)
        before, known = standing(store), store.score("a0000")
        (row,) = measured(machine, store)
        assert (row.key.purpose, row.outcome) == (Purpose.MEASURE, Outcome.EMPTY_PATCH)
        assert standing(store) == before
        tasks, version = store.tasks(), row.key.grader_version
        both = all_evidence(store, store.agent("a0000"), Split.SEARCH, tasks, version)
        assert (known, both) == (Score(1, 1), Score(1, 2))
        evolved(store, *rest)
        assert decided(store) == expected


def test_budget_of_the_run_ends_the_measuring_with_the_remedy(machine, run):
    with pytest.raises(UserError, match="budget of the run is spent; give it more: --tokens"):
        measured(machine, run, "budget.tokens=10")
    assert not any(row.outcome.is_evidence for row in run.rollouts())
    assert len(measured(machine, run, "budget.tokens=none")) == 2


def test_budget_of_the_agent_is_met_too(machine, run):
    rows = measured(machine, run, "agent.tokens=10")
    assert [row.outcome for row in rows] == [Outcome.OVER_BUDGET] * 2


def test_what_the_machine_spoiled_is_tried_again(machine, run):
    once = first(1)
    shaky = replace(machine, sandboxes=FaultyDriver(machine.sandboxes, once))
    rows = measured(shaky, run)
    assert [row.outcome for row in rows] == ["infrastructure", "empty_patch", "solved"]
    broken = replace(machine, sandboxes=FaultyDriver(machine.sandboxes, always))
    idle = write_agent(machine.place / "idle", "pass")
    with (
        machine.new_run(idle, "broken") as other,
        pytest.raises(MachineError, match="could not be measured: the machine gave up"),
    ):
        measured(broken, other)


def test_agent_that_loses_its_sandbox_every_time_has_failed(machine):
    fragile = replace(machine, sandboxes=FragileDriver(machine.sandboxes, never))
    breaker = write_agent(machine.place / "breaker", f"print({FRAGILE.decode()!r})")
    with machine.new_run(breaker, "breaker") as run:
        measured(fragile, run)
        known = run.evaluations("a0000", purpose=Purpose.MEASURE)
        assert [row.outcome for row in known] == [Outcome.AGENT_ERROR] * 2
