import json

import pytest

from dgm.archive.reader import RunReader
from dgm.archive.store import Store
from dgm.config import read_config
from dgm.cost import cost_of
from dgm.errors import ModelUnusableError
from dgm.gateway.prices import Price, Prices
from dgm.records import Ceiling, Outcome, Purpose, Rollout, RolloutKey, Split, Usage
from tests.machine import write_learner

CONFIG = read_config(
    "",
    [
        "model.name=openai/big",
        "model.diagnosis=openai/small",
        "budget.usd=10",
        "budget.tokens=1000",
        "steps.diagnose.usd=2",
    ],
)
PRICES = Prices({"openai/big": Price(1e-3, 1e-2, 1e-4, 2e-3), "openai/small": Price(1e-4, 1e-3)})
BIG = Usage(2, 100, 50, 1.5, 200, 10, 1, 30.0)
SMALL = Usage(1, 40, 10, 0.25)


@pytest.fixture
def run(tmp_path):
    """A run with a finished evaluation, a finished diagnosis, and another that was cut short."""
    with Store.create(tmp_path / "run", "") as store:
        store.add_seed(write_learner(tmp_path / "learner"))
        store.start_child("a0000")
        start(store, "a0000", Purpose.EVALUATE, BIG)
        start(store, "a0001", Purpose.DIAGNOSE, SMALL)
        name = start(store, "a0001", Purpose.DIAGNOSE)
        held = {"calls": 1, "input_tokens": 30, "output_tokens": 70, "cost_usd": 0.5}
        line = json.dumps({"index": 0, "reserved": held})
        (store.run.rollout(name) / "transcript.jsonl").write_text(f"{line}\n")
        return store.run.path


def start(store, agent_id, purpose, usage=None):
    split = Split.SEARCH if purpose is Purpose.EVALUATE else None
    key = RolloutKey(purpose, f"tree{agent_id}", "t", len(store.rollouts()))
    name = store.start_rollout(agent_id, "t", split, key)
    if usage is not None:
        store.finish_rollout(Rollout(name, agent_id, "t", split, key, Outcome.SOLVED, usage=usage))
    return name


def cost(run):
    with RunReader.open(run) as reader:
        return cost_of(reader, CONFIG, PRICES)


def test_books_agree_with_each_other(run):
    books = cost(run)
    assert books.spent.usage == BIG + SMALL
    for book in (books.by_model, books.by_step, books.by_agent):
        assert sum((each.usage for each in book.values()), Usage()) == books.spent.usage
    assert books.by_model["openai/big"].usage == books.by_step["evaluate"].usage == BIG
    assert books.by_model["openai/small"].usage == books.by_agent["a0001"].usage == SMALL


def test_call_under_way_is_reserved_and_lessens_what_is_left(run):
    books = cost(run)
    assert books.reserved == Usage(1, 30, 70, 0.5)
    assert books.left["run"] == Ceiling(
        tokens=1000 - BIG.tokens - SMALL.tokens - 100, cost_usd=pytest.approx(10 - 1.5 - 0.25 - 0.5)
    )
    assert books.left["diagnose"] == Ceiling(cost_usd=pytest.approx(2 - 0.25 - 0.5))


def test_cut_short_call_is_spent_once_the_run_goes_on(run):
    with Store.open(run) as store:
        store.close_abandoned(lambda _: Usage(1, 30, 70, 0.5))
    books = cost(run)
    assert books.reserved == Usage()
    assert books.spent.usage == BIG + SMALL + Usage(1, 30, 70, 0.5)
    assert books.left["run"].cost_usd == pytest.approx(10 - 1.5 - 0.25 - 0.5)


def test_saving_is_that_of_each_models_own_price(run):
    books = cost(run)
    saved = 200 * (1e-3 - 1e-4) - 10 * (2e-3 - 1e-3)
    assert books.spent.saved_usd == books.by_model["openai/big"].saved_usd == pytest.approx(saved)
    assert books.by_model["openai/small"].saved_usd == 0


def test_model_without_a_price_is_no_zero(run):
    with RunReader.open(run) as reader, pytest.raises(ModelUnusableError, match="openai/big"):
        cost_of(reader, CONFIG, Prices())
