import subprocess
import sys
from datetime import UTC, datetime

import pytest

from dgm.config import config_as_toml, read_config
from dgm.errors import ConfigError, ModelUnusableError
from dgm.gateway.prices import FREE, Price, Prices, price_from, settings_from
from dgm.gateway.pricetable import listed_models, listed_price
from dgm.records import Usage

PRICE = Price(1e-6, 5e-6, 1e-7, 1.25e-6)
TIERED = Price(1e-6, 5e-6, 1e-7, 1.25e-6, Price(2e-6, 8e-6, 2e-7, 2.5e-6), 1000)
THEN = datetime(2026, 11, 1, tzinfo=UTC)


def usd(value):
    return pytest.approx(value, rel=1e-9)


def test_each_kind_of_token_has_its_price():
    assert PRICE.usage(10, 5, 1000, 100) == Usage(
        1, 10, 5, usd(10e-6 + 25e-6 + 100e-6 + 125e-6), 1000, 100
    )


def test_cached_input_costs_like_other_input_unless_a_price_says_else():
    assert Price(1e-6, 5e-6).usage(0, 0, 10, 10).cost_usd == usd(20e-6)


def test_long_request_is_dearer_in_all_its_parts():
    assert TIERED.usage(400, 10, 500, 100).cost_usd == usd(400e-6 + 50e-6 + 50e-6 + 125e-6)
    assert TIERED.usage(401, 10, 500, 100).cost_usd == usd(802e-6 + 80e-6 + 100e-6 + 250e-6)


def test_worst_case_takes_all_input_as_the_dearest_kind():
    worst = PRICE.worst(100, 10)
    assert worst == Usage(1, 100, 10, usd(125e-6 + 50e-6))
    for read in range(0, 101, 10):
        for written in range(0, 101 - read, 10):
            actual = PRICE.usage(100 - read - written, 10, read, written)
            assert actual.cost_usd <= worst.cost_usd + 1e-15


def test_worst_case_near_the_limit_of_ordinary_requests_is_that_of_a_long_one():
    assert TIERED.worst(501, 10).cost_usd == usd(501 * 2.5e-6 + 80e-6)
    assert TIERED.worst(500, 10).cost_usd == usd(500 * 1.25e-6 + 50e-6)


def test_saving_is_what_reading_won_less_what_writing_cost():
    assert PRICE.saved_usd(Usage(1, 0, 0, 0.0, 1000, 0)) == usd(900e-6)
    assert PRICE.saved_usd(Usage(1, 0, 0, 0.0, 0, 1000)) == usd(-250e-6)
    assert Price(1e-6, 5e-6).saved_usd(Usage(1, 9, 9, 0.0, 1000, 100)) == 0


def test_builtin_is_free_and_a_model_without_price_is_refused_with_the_setting_to_make():
    prices = Prices({"fake/one": PRICE, "own/free": FREE})
    assert prices.of("builtin") == prices.of("builtin/solver") == prices.of("own/free") == FREE
    assert prices.of("fake/one") == PRICE
    with pytest.raises(ModelUnusableError, match=r'prices\."fake/2\.5"\.input_usd') as caught:
        prices.of("fake/2.5")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("price", [PRICE, TIERED, FREE, Price(3e-6, 15e-6)])
def test_price_survives_the_settings_of_a_run(price):
    config = read_config("")
    frozen = config.model_copy(update={"prices": {"openai/gpt-4.1": settings_from(price)}})
    again = read_config(config_as_toml(frozen))
    found = price_from(again.prices["openai/gpt-4.1"])
    assert found.usage(10, 20, 30, 40).cost_usd == usd(price.usage(10, 20, 30, 40).cost_usd)
    assert found.usage(10**6, 2, 3, 4).cost_usd == usd(price.usage(10**6, 2, 3, 4).cost_usd)


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ('prices."openai/x".input_usd_per_mtok=-1', "greater than or equal to 0"),
        ('prices."openai/x".input_usd_per_mtok=dear', "valid number"),
        ('prices."openai/x".input_usd_per_mtok=inf', "finite"),
        ('prices."openai/x".input_usd_per_mtok=1', r"output_usd_per_mtok is missing"),
        ('prices."openai/x".usd=1', "missing"),
        ("prices=1", "dictionary"),
        ('prices."openai/x=1', "is no key"),
    ],
)
def test_wrong_price_is_one_clear_line(setting, complaint):
    with pytest.raises(ConfigError, match=complaint) as caught:
        read_config("", [setting])
    assert "\n" not in str(caught.value)


def test_name_with_dots_is_quoted_as_in_toml():
    settings = [
        f'prices."openai/gpt-4.1".{kind}_usd_per_mtok={n}'
        for kind, n in {"input": 2, "output": 8}.items()
    ]
    assert read_config("", settings).prices["openai/gpt-4.1"].output_usd_per_mtok == 8


def test_list_prices_are_read_with_their_tiers():
    price = listed_price("anthropic/claude-sonnet-4-5", THEN)
    assert price is not None
    assert price.cache_read_usd < price.input_usd < price.cache_write_usd < price.output_usd
    assert price.long is not None
    assert price.long.input_usd > price.input_usd


@pytest.mark.parametrize(
    "model",
    [
        "bedrock/us.anthropic.claude-3-5-haiku-20241022-v1:0",
        "vertex/claude-sonnet-4-5@20250929",
        "openai/gpt-4o-mini",
    ],
)
def test_every_provider_has_a_price_list(model):
    assert listed_price(model, THEN).input_usd > 0
    assert any(True for _ in listed_models(model.partition("/")[0], THEN))


@pytest.mark.parametrize(
    "model",
    [
        "openai/no-such-model",
        "anthropic/gpt-4o",
        "builtin",
        "openai",
        "openai/",
        "else/x",
        "builtin/x",
    ],
)
def test_what_is_not_listed_has_no_price(model):
    assert listed_price(model, THEN) is None


OFFLINE = """
import socket, sys, threading

class Asked(Exception):
    pass

def refuse(*_):
    raise Asked

socket.socket.connect = socket.getaddrinfo = refuse
from dgm.gateway.pricetable import listed_models, listed_price
assert "genai_prices" not in sys.modules
assert listed_price("openai/gpt-4o-mini") and list(listed_models("anthropic"))
assert threading.active_count() == 1, threading.enumerate()
try:
    socket.create_connection(("localhost", 9))
except Asked:
    print("held")
"""


def test_price_list_needs_no_network_and_starts_no_thread():
    done = subprocess.run([sys.executable, "-c", OFFLINE], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "held\n"), done.stderr
