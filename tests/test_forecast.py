from dataclasses import fields

import pytest

from dgm.archive.store import Store
from dgm.config import read_config
from dgm.cost import model_of
from dgm.errors import ModelUnusableError
from dgm.forecast import ASSUMED, STEPS, Load, Tasks, forecast, loads_of
from dgm.gateway.prices import Price, Prices
from dgm.records import Outcome, Purpose, Rollout, RolloutKey, Split, Usage
from tests.machine import write_learner

PRICE = Price(1e-6, 5e-6, 1e-7, 1.25e-6)
PRICES = Prices({"openai/one": PRICE, "openai/two": Price(0.0, 0.0)})
TASKS = Tasks(search=6, sealed=4, timeout_s=100.0)
SETTINGS = ("model.name=openai/one", "budget.children=10", "benchmark.stages=[2,5]")

IMPOSSIBLE = ("benchmark.impossible=3",)


def estimate(*settings, loads=ASSUMED, tasks=TASKS):
    config = read_config("", [*SETTINGS, *settings])
    return forecast(config, PRICES, tasks, model_of, loads)


def loads(calls=10, tokens=100, seconds=36.0):
    load = Load(calls, tokens, 0.0, seconds=seconds)
    return dict.fromkeys(STEPS, (load, load, load))


def test_rollouts_follow_from_the_settings():
    steps = estimate().steps
    counts = {step: tuple(case.rollouts for case in cases) for step, cases in steps.items()}
    assert counts == {
        Purpose.DIAGNOSE: (10, 10, 10),
        Purpose.MODIFY: (10, 10, 10),
        Purpose.CANARY: (11, 11, 11),
        # the seed on 5; of 10 children the valid ones on 2, the promoted on 5; 1 or 2 on 4 sealed
        Purpose.EVALUATE: (
            5 + 5 * 2 + 1 * 4,
            pytest.approx(5 + 8 * 3.5 + 2 * 4),
            5 + 10 * 5 + 2 * 4,
        ),
    }


def test_attempts_multiply_evaluations_and_few_tasks_bound_them():
    evaluate = estimate("benchmark.attempts=3").steps[Purpose.EVALUATE]
    assert evaluate[2].rollouts == 3 * (5 + 50 + 8)
    few = estimate(tasks=Tasks(1, 0, 9.0)).steps[Purpose.EVALUATE]
    assert few[2].rollouts == 1 + 10


def test_impossible_tasks_are_met_by_every_agent_that_is_measured():
    plain, mixed = (estimate(*more).steps[Purpose.EVALUATE] for more in ((), IMPOSSIBLE))
    added = [
        with_them.rollouts - without.rollouts
        for with_them, without in zip(mixed, plain, strict=True)
    ]
    assert added == pytest.approx([3 + 5 * 3, 3 + 8 * 3, 3 + 10 * 3])


def test_every_figure_rises_from_low_to_high():
    for settings in ((), ("rollout.tokens=50000",), ("rollout.modify_timeout_s=10",)):
        for cases in (*estimate(*settings).steps.values(), estimate(*settings).total):
            for field in fields(cases[0]):
                low, likely, high = (getattr(case, field.name) for case in cases)
                assert low <= likely <= high, (settings, field.name)


def test_no_rollout_is_taken_to_use_more_than_it_may():
    found = estimate("rollout.tokens=1000").total[2]
    assert found.tokens <= found.rollouts * 1000 + 1e-6
    modify = estimate("rollout.modify_timeout_s=10").steps[Purpose.MODIFY]
    assert modify[2].seconds == 10 * 10


def test_each_step_costs_what_its_model_costs():
    steps = estimate("model.diagnosis=openai/two").steps
    assert [case.cost_usd for case in steps[Purpose.DIAGNOSE]] == [0, 0, 0]
    assert estimate(loads=loads()).steps[Purpose.MODIFY][0].cost_usd == pytest.approx(10 * 100e-6)


def test_hours_are_shared_by_the_workers():
    one = estimate("workers=1", loads=loads()).hours
    four = estimate("workers=4", loads=loads()).hours
    assert one == tuple(pytest.approx(4 * hours) for hours in four)
    assert one[0] == pytest.approx(0.01 * estimate(loads=loads()).total[0].rollouts)


def test_long_requests_are_priced_call_by_call():
    prices = Prices({"openai/one": Price(1.0, 1.0, long=Price(9.0, 9.0), long_from=50)})
    config = read_config("", SETTINGS)
    found = forecast(config, prices, TASKS, model_of, loads(calls=10, tokens=100))
    assert found.steps[Purpose.MODIFY][0].cost_usd == 10 * 100


def test_nothing_to_do_costs_only_the_seed():
    found = estimate("budget.children=0")
    assert found.steps[Purpose.MODIFY][2].cost_usd == 0
    assert found.total[2].rollouts == 1 + 5 + 2 * 4


def test_unknown_price_is_refused():
    with pytest.raises(ModelUnusableError, match="openai/three"):
        estimate("model.name=openai/three")


@pytest.fixture
def run(tmp_path):
    """A run in which two agents were measured, with 10 and 30 calls a rollout."""
    with Store.create(tmp_path / "run", "") as store:
        store.add_seed(write_learner(tmp_path / "learner"))
        store.start_child("a0000")
        for agent_id, calls, outcome in (
            ("a0000", 10, Outcome.SOLVED),
            ("a0000", 10, Outcome.FAILED),
            ("a0001", 30, Outcome.FAILED),
            ("a0001", 99, Outcome.INFRASTRUCTURE),
        ):
            number = len(store.rollouts())
            key = RolloutKey(Purpose.EVALUATE, agent_id, "t", number)
            name = store.start_rollout(agent_id, "t", Split.SEARCH, key)
            usage = Usage(calls, 10 * calls, calls, 1.0, 20 * calls)
            store.finish_rollout(
                Rollout(
                    name, agent_id, "t", Split.SEARCH, key, outcome, usage=usage, total_s=calls / 2
                )
            )
        yield store


def test_loads_of_a_run_are_its_means_without_what_the_machine_spoiled(run):
    low, likely, high = loads_of(run)[Purpose.EVALUATE]
    assert low == Load(10, 100, 10, 200, 0, 5)
    assert high == Load(30, 300, 30, 600, 0, 15)
    assert likely.calls == pytest.approx(50 / 3)


def test_step_a_run_never_came_to_is_assumed(run):
    assert loads_of(run)[Purpose.MODIFY] == ASSUMED[Purpose.MODIFY]
