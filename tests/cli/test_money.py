"""`dgm models`, `dgm estimate`, `dgm cost`: what a user sees and types wrong."""

import json
import tomllib

import pytest

from dgm.archive.database import open_for_writing
from tests.cli.conftest import Place, complaint

KEY = "sk-ant-api03-" + "Zq7" * 12
PRICED = (
    *("--set", 'prices."openai/own".input_usd_per_mtok=2'),
    *("--set", 'prices."openai/own".output_usd_per_mtok=8'),
)
OWN = ("--model", "openai/own", "--base-url", "http://127.0.0.1:9/v1")


def keyed(place: Place, **keys: str) -> Place:
    """The same place, with these keys and no others."""
    none = {"ANTHROPIC_API_KEY": "", "OPENAI_API_KEY": ""}
    return Place(place.path, {**none, **keys})


def test_models_says_what_is_usable_and_never_shows_a_key(place):
    done = keyed(place, ANTHROPIC_API_KEY=KEY).dgm("models")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("builtin") and "usable" in line for line in lines)
    assert any(line.startswith("anthropic") and "usable" in line for line in lines)
    assert any(line.startswith("openai") and "export OPENAI_API_KEY" in line for line in lines)
    assert any(line.startswith("anthropic/claude-sonnet-4-5") for line in lines)
    assert not any(line.startswith("openai/") for line in lines)
    said = done.stdout + done.stderr
    assert not any(KEY[start : start + 8] in said for start in range(len(KEY) - 8))


def test_models_in_json_hold_every_provider_and_prices(place):
    done = keyed(place).dgm("models", "--json", "gpt-4o-mini")
    found = json.loads(done.stdout)
    status = {each["provider"]: each["status"] for each in found["providers"]}
    assert status["builtin"] == "usable"
    assert status["anthropic"] == status["openai"] == "missing"
    assert {"bedrock", "vertex"} <= set(status)
    assert all("gpt-4o-mini" in model for model in found["usd_per_token"])
    assert found["usd_per_token"]["openai/gpt-4o-mini"]["input_usd"] > 0


def test_empty_key_is_no_key(place):
    found = keyed(place, OPENAI_API_KEY="  ").dgm("models", "--json").stdout
    (openai,) = [e for e in json.loads(found)["providers"] if e["provider"] == "openai"]
    assert openai["status"] == "missing"


def test_estimate_needs_no_key_and_says_what_it_rests_on(place):
    words = ("--model", "anthropic/claude-sonnet-4-5", "--benchmark", "tasks", "--usd", "0.01")
    done = keyed(place).dgm("estimate", *words)
    assert done.returncode == 0, done.stderr
    said = done.stdout
    for words in ("an estimate", "low", "likely", "high", "assumed", "14 children", "hours with 2"):
        assert words in said
    assert "budget.usd stops the run at 0.0100 USD" in said
    assert "3 USD for a million input tokens" in said
    assert not (place.path / "archive").exists()


def test_estimate_reads_a_file_and_settings_over_it(place):
    (place.path / "run.toml").write_text('[benchmark]\nname = "tasks"\n[budget]\nchildren = 3\n')
    words = ("estimate", "--config", "run.toml", "--json", "--set", "workers=4")
    found = json.loads(place.dgm(*words).stdout)
    assert found["is_estimate"] is True
    assert found["assumptions"]["children"] == 3
    assert found["assumptions"]["workers"] == 4
    assert found["total"]["high"]["cost_usd"] == 0
    assert found["steps"]["modify"]["likely"]["rollouts"] == 3


def test_estimate_takes_a_price_from_the_settings(place):
    words = ("estimate", *OWN, *PRICED, "--benchmark", "tasks", "--json")
    found = json.loads(place.dgm(*words).stdout)
    assert found["prices"]["openai/own"]["output_usd_per_mtok"] == 8
    assert 0 < found["total"]["low"]["cost_usd"] < found["total"]["high"]["cost_usd"]


@pytest.mark.slow
def test_estimate_like_a_run_uses_what_its_rollouts_used(finished):
    words = ("estimate", "--like", "tiny", "--benchmark", "tasks", "--json", "--children", "1")
    found = json.loads(finished.dgm(*words, "--set", "benchmark.stages=[3]").stdout)
    assert found["assumptions"]["source"] == "tiny"
    assert found["assumptions"]["per_rollout"]["evaluate"]["likely"]["calls"] == 1
    assert found["total"]["likely"]["calls"] == found["total"]["likely"]["rollouts"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "openai/nonesuch"), "no price is known for model 'openai/nonesuch'"),
        (OWN, 'prices."openai/own".input_usd_per_mtok='),
        (("--model", "nobody/x"), "unknown model 'nobody/x'"),
        (("--model", "openai/"), "unknown model 'openai/'"),
        (("--config", "nowhere.toml"), "cannot read the configuration nowhere.toml"),
        (("--set", "budget.usd=-1"), "budget.usd = -1"),
        (("--set", "steps.evaluate.usd=much"), "steps.evaluate.usd = 'much'"),
        (("--set", "steps.dream.usd=1"), "steps.dream"),
        (("--benchmark", "nowhere"), "unknown benchmark 'nowhere'"),
        (("--like", "nowhere"), "there is no run 'nowhere'"),
        ((*OWN, *PRICED, "--set", 'prices."openai/own".input_usd_per_mtok=x'), "valid number"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_words_for_an_estimate_are_one_clear_line(place, words, said):
    assert said in complaint(place.dgm("estimate", *words))


def test_run_without_a_price_is_refused_before_anything_is_stored(place):
    keyed_place = keyed(place, OPENAI_API_KEY=KEY)
    assert "no price is known" in complaint(keyed_place.evolve("dear", *OWN))
    assert not (place.path / "archive").exists()


@pytest.mark.slow
def test_cost_shows_the_books_of_a_run(finished):
    done = finished.dgm("cost")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("run tiny\n  spent     0.00 USD, ")
    for words in ("reserved  nothing", "no limit was set", "by model", "by step", "by agent"):
        assert words in done.stdout
    books = json.loads(finished.dgm("cost", "tiny", "--json").stdout)
    assert set(books["by_step"]) == {"canary", "diagnose", "evaluate", "modify"}
    assert set(books["by_model"]) == {"builtin"}
    assert books["spent"]["calls"] == sum(each["calls"] for each in books["by_agent"].values())
    assert books["left"] == {}


def test_cost_of_a_run_that_is_not_there_is_one_clear_line(place):
    assert "there is no run" in complaint(place.dgm("cost", "nowhere"))
    assert "there is no run" in complaint(place.dgm("cost"))


def test_cost_of_a_half_written_run_is_one_clear_line(place):
    folder = place.path / "archive" / "half"
    folder.mkdir(parents=True)
    with open_for_writing(folder / "run.db", ()):
        pass
    assert "half written" in complaint(place.dgm("cost", "half"))


@pytest.mark.slow
def test_second_run_with_the_cache_asks_nothing_again(place, bubblewrapped):
    for name in ("one", "two"):
        done = place.evolve(name, "--cache")
        assert done.returncode == 0, done.stderr
    books = {n: json.loads(place.dgm("cost", n, "--json").stdout)["spent"] for n in ("one", "two")}
    assert books["one"]["reused_calls"] == 0
    assert books["two"]["reused_calls"] == books["two"]["calls"] > 0
    assert books["two"]["input_tokens"] == books["one"]["input_tokens"]
    assert "calls answered from the response cache" in place.dgm("cost", "two").stdout
    settings = tomllib.loads((place.path / "archive" / "two" / "run.toml").read_text())
    assert settings["model"]["cache"] is True
    assert any((place.path / "archive" / ".responses").iterdir())


@pytest.mark.slow
def test_spent_step_stops_a_run_that_goes_on_with_more(place):
    stopped = place.evolve("bounded", "--set", "steps.diagnose.calls=0")
    assert "stopped: the budget of the step diagnose is spent" in stopped.stdout, stopped.stderr
    resumed = place.dgm("resume", "bounded", "--step", "diagnose.calls=9", "--calls", "99")
    assert "run bounded  finished  1 child," in resumed.stdout, resumed.stderr


@pytest.mark.slow
def test_evaluation_draws_on_the_budgets_of_the_run(place):
    assert place.evolve("known").returncode == 0
    again = ("eval", "seed", "--run", "known", "--split", "search", "--attempts", "3")
    refused = place.dgm(*again, "--step", "evaluate.calls=0")
    assert "the budget of the step evaluate is spent; give it more" in refused.stderr
    assert place.dgm(*again).returncode == 0
