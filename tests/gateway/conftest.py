"""A started gateway with one fake provider, and specs for its sessions."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from dgm.gateway.prices import Price, Prices
from dgm.gateway.protocol import SessionSpec
from dgm.gateway.retry import Retry
from dgm.gateway.server import GatewayServer
from dgm.records import Ceiling
from tests.gateway.fakes import FakeProvider

PRICES = Prices({"fake/one": Price(0.001, 0.002)})


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def gateway(provider: FakeProvider) -> Iterator[GatewayServer]:
    retry = Retry(Random(1), attempts=4, sleep=lambda _: None)
    server = GatewayServer({"fake": provider}, PRICES, random=Random(1), retry=retry, grace_s=0.2)
    with server:
        yield server


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., SessionSpec]:
    def make(name: str = "s1", **fields: object) -> SessionSpec:
        settings = {
            "model": "fake/one",
            "seed": "seed",
            "accounts": (f"rollout/{name}", "run"),
            "transcript": tmp_path / name / "transcript.jsonl",
            "ceiling": Ceiling(),
        }
        return SessionSpec(id=name, **{**settings, **fields})

    return make
