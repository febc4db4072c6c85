import threading
from random import Random

import pytest

from dgm.errors import OverBudgetError
from dgm.gateway.budget import Budget, is_shared
from dgm.gateway.tokens import estimate_input_tokens
from dgm.records import Ceiling, Usage
from tests.gateway.fakes import user_request

WORST = Usage(1, 60, 40, 0.1)


def test_call_is_refused_before_it_could_exceed_the_ceiling():
    budget = Budget()
    budget.set_ceiling("run", Ceiling(tokens=150))
    budget.settle(budget.reserve(["run"], WORST), Usage(1, 30, 21, 0.05))
    with pytest.raises(OverBudgetError, match=r"budget of run .* 151 tokens, the ceiling is 150"):
        budget.reserve(["run"], WORST)


@pytest.mark.parametrize("ceiling", [Ceiling(tokens=99), Ceiling(cost_usd=0.09), Ceiling(calls=0)])
def test_each_kind_of_ceiling_refuses(ceiling):
    budget = Budget()
    budget.set_ceiling("run", ceiling)
    with pytest.raises(OverBudgetError) as caught:
        budget.reserve(["run"], WORST)
    assert caught.value.account == "run"


def test_refused_call_holds_nothing_in_any_account():
    budget = Budget()
    budget.set_ceiling("run", Ceiling(tokens=1))
    with pytest.raises(OverBudgetError):
        budget.reserve(["rollout", "run"], WORST)
    assert budget.reserved("rollout") == Usage()


def test_settling_charges_what_was_used_and_frees_the_rest():
    budget = Budget()
    budget.set_ceiling("run", Ceiling(tokens=100, cost_usd=0.1, calls=2))
    reservation = budget.reserve(["rollout", "run"], WORST)
    assert budget.left("run") == Ceiling(tokens=0, cost_usd=0.0, calls=1)
    budget.settle(reservation, Usage(1, 10, 5, 0.02))
    budget.settle(reservation, Usage(1, 10, 5, 0.02))
    assert budget.spent("run") == budget.spent("rollout") == Usage(1, 10, 5, 0.02)
    assert budget.reserved("run") == Usage()


def test_what_was_spent_before_counts():
    budget = Budget()
    budget.set_ceiling("run", Ceiling(cost_usd=1.0), Usage(9, 0, 0, 0.95))
    with pytest.raises(OverBudgetError):
        budget.reserve(["run"], WORST)


def test_64_threads_at_the_edge_never_exceed_a_ceiling():
    budget = Budget()
    budget.set_ceiling("run", Ceiling(tokens=10_000, cost_usd=10.0))
    for agent in range(4):
        budget.set_ceiling(f"agent/{agent}", Ceiling(tokens=3_000))
    start = threading.Barrier(64)
    refused = []

    def spend(number: int) -> None:
        random = Random(number)
        start.wait()
        for _ in range(40):
            worst = Usage(1, random.randrange(100), random.randrange(100), random.random() / 10)
            try:
                held = budget.reserve([f"agent/{number % 4}", "run"], worst)
            except OverBudgetError as error:
                refused.append(error.account)
                continue
            tokens_in, tokens_out = worst.input_tokens, random.randrange(worst.output_tokens + 1)
            budget.settle(held, Usage(1, tokens_in, tokens_out, worst.cost_usd))

    threads = [threading.Thread(target=spend, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused
    assert 9_000 < budget.spent("run").tokens <= 10_000
    assert all(budget.spent(f"agent/{agent}").tokens <= 3_000 for agent in range(4))
    assert sum(budget.spent(f"agent/{agent}").tokens for agent in range(4)) == (
        budget.spent("run").tokens
    )
    assert budget.reserved("run") == Usage()


def timed(seconds: float) -> Usage:
    return Usage(1, seconds=seconds)


def test_call_gets_no_more_seconds_than_are_left():
    budget = Budget()
    budget.set_ceiling("rollout/r1", Ceiling(seconds=100.0))
    budget.set_ceiling("run", Ceiling(seconds=90.0), timed(50.0))
    held = budget.reserve(["rollout/r1", "run"], timed(600.0))
    assert (held.worst.seconds, held.cut_by) == (40.0, "run")
    with pytest.raises(OverBudgetError, match="its calls have taken the 90 seconds"):
        budget.reserve(["rollout/r1", "run"], timed(600.0))
    budget.settle(held, timed(4.0))
    assert budget.reserve(["rollout/r1", "run"], timed(5.0)).worst.seconds == 5.0
    assert budget.left("run").seconds == 90.0 - 50.0 - 4.0 - 5.0


def test_cached_tokens_count_against_a_ceiling():
    budget = Budget()
    budget.set_ceiling("run", Ceiling(tokens=100))
    budget.settle(budget.reserve(["run"], Usage(1, 50, 10)), Usage(1, 5, 5, 0.0, 60, 20))
    assert budget.left("run").tokens == 10
    with pytest.raises(OverBudgetError, match="100"):
        budget.reserve(["run"], Usage(1, 6, 5))


@pytest.mark.parametrize(
    ("account", "shared"),
    [
        ("rollout/r1", False),
        ("replay/r1", False),
        ("agent/a1", False),
        ("step/evaluate", True),
        ("run", True),
    ],
)
def test_what_several_agents_draw_on_is_shared(account, shared):
    assert is_shared(account) is shared


def test_estimate_grows_with_everything_that_is_sent():
    short = estimate_input_tokens(user_request("hi"))
    assert estimate_input_tokens(user_request("hi" * 3000)) > short + 1500
