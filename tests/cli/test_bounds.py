"""What may be spent on a model that costs something: bounds hold, and their lack is told."""

import pytest

from tests.cli.conftest import furnish
from tests.upstream.server import Say, UpstreamServer

MODEL = "openai/dear"
PRICES = [f'prices."{MODEL}".{kind}_usd_per_mtok' for kind in ("input", "output")]
WARNING = "dgm: nothing bounds what this may spend in all on openai/dear; --usd N or --tokens N"


@pytest.fixture(scope="module")
def server():
    with UpstreamServer(lambda _: Say("hello")) as server:
        yield server


def priced(server, usd):
    words = ["--model", MODEL, "--base-url", f"{server.address}/v1", "--children", "0"]
    return words + [word for price in PRICES for word in ("--set", f"{price}={usd}")]


@pytest.fixture(scope="module")
def begun(tmp_path_factory, server):
    """A place, and how a run was made there whose model costs something and has no budget."""
    place = furnish(tmp_path_factory.mktemp("place"))
    (place.path / "mine").mkdir()
    (place.path / "mine" / "answer.py").write_text("VALUE = 0\n")
    return place, place.evolve("dear", *priced(server, 1))


@pytest.fixture
def place(begun):
    return begun[0]


@pytest.fixture
def asked(server):
    """How many calls the model got since the test began."""
    before = len(server.seen)
    return lambda: len(server.seen) - before


def run_words(*more):
    return ("run", "seed", "--run", "dear", "--repo", "mine", "--problem", "answer 1", *more)


@pytest.mark.slow
def test_run_without_a_budget_is_begun_with_a_warning(begun):
    place, done = begun
    assert done.returncode == 0, done.stderr
    assert WARNING in done.stderr
    assert WARNING in place.dgm("resume", "dear").stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("usd", "budget"), [(1, ("--usd", "5")), (1, ("--tokens", "500000")), (0, ())]
)
def test_run_with_a_budget_or_a_free_model_is_begun_without(place, server, usd, budget):
    done = place.evolve(f"calm{usd}{''.join(budget)}", *priced(server, usd), *budget)
    assert done.returncode == 0, done.stderr
    assert "nothing bounds" not in done.stderr


@pytest.mark.slow
def test_measuring_is_warned_alike_and_holds_to_what_it_is_given(place, asked):
    words = ("eval", "seed", "--run", "dear", "--attempts", "2")
    refused = place.dgm(*words, "--calls", "0")
    assert refused.returncode == 2
    assert "the budget of the run is spent" in refused.stderr
    assert "nothing bounds" not in refused.stderr
    assert asked() == 0
    done = place.dgm(*words)
    assert done.returncode == 0, done.stderr
    assert WARNING in done.stderr
    assert asked() > 0
    (told,) = place.dgm(*words).stderr.splitlines()  # all is known: nothing more is asked
    assert told.startswith("dgm: sandbox: ")


@pytest.mark.slow
@pytest.mark.parametrize("bound", [("--calls", "0"), ("--usd", "0"), ("--tokens", "9")])
def test_agent_at_work_on_a_repository_holds_to_what_it_is_given(place, asked, bound):
    done = place.dgm(*run_words(*bound))
    assert done.returncode == 1
    assert "no change (over_budget)" in done.stderr
    assert asked() == 0


@pytest.mark.slow
def test_agent_at_work_on_a_repository_is_bounded_as_in_its_run_or_warned_of(place, asked):
    bounded = place.dgm(*run_words())
    assert asked() > 0
    assert "nothing bounds" not in bounded.stderr  # rollout.tokens does, by default
    assert WARNING in place.dgm(*run_words("--tokens", "none")).stderr
