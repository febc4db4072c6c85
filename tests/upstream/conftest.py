"""A provider on loopback, and a gateway whose two real providers call it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from dgm.gateway.listener import Limits
from dgm.gateway.prices import Price, Prices
from dgm.gateway.protocol import Provider, SessionSpec
from dgm.gateway.providers import AnthropicProvider, OpenAIProvider, Upstream
from dgm.gateway.retry import Retry
from dgm.gateway.server import GatewayServer
from tests.upstream.server import UpstreamServer

KEY = "canary-7f3a9e-key-of-the-host"
MODELS = ("anthropic/claude-test", "openai/gpt-test")
PRICES = Prices(dict.fromkeys(MODELS, Price(1e-6, 5e-6)))


@contextmanager
def providers_at(address: str, silence_s: float = 30.0) -> Iterator[dict[str, Provider]]:
    """Open both real providers, with one address and one key."""
    anthropic = Upstream("anthropic", address, KEY, "ANTHROPIC_API_KEY")
    openai = Upstream("openai", f"{address}/v1", KEY, "OPENAI_API_KEY")
    with (
        closing(AnthropicProvider(anthropic, silence_s=silence_s)) as one,
        closing(OpenAIProvider(openai, silence_s=silence_s)) as other,
    ):
        yield {"anthropic": one, "openai": other}


@pytest.fixture
def upstream() -> Iterator[UpstreamServer]:
    with UpstreamServer() as server:
        yield server


@pytest.fixture
def providers(upstream: UpstreamServer) -> Iterator[dict[str, Provider]]:
    with providers_at(upstream.address) as both:
        yield both


@pytest.fixture
def limits() -> Limits:
    """The bounds of the gateway's sockets; a test may have others."""
    return Limits()


@pytest.fixture
def gateway(providers: dict[str, Provider], limits: Limits) -> Iterator[GatewayServer]:
    retry = Retry(Random(1), sleep=lambda _: None)
    with GatewayServer(providers, PRICES, random=Random(1), retry=retry, limits=limits) as server:
        yield server


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's."""
    with TemporaryDirectory(prefix="dgm-t-") as folder:
        yield Path(folder)


@pytest.fixture
def spec(short: Path) -> Callable[..., SessionSpec]:
    def make(model: str, **fields: object) -> SessionSpec:
        settings = {"accounts": ("rollout/r1", "run"), "transcript": short / "transcript.jsonl"}
        return SessionSpec(id="r1", model=model, seed="s", **{**settings, **fields})

    return make


@pytest.fixture
def served(gateway: GatewayServer, spec: Callable[..., SessionSpec], short: Path):
    """Open a session for a model, and listen; give the session and the socket."""
    with ExitStack() as stack:

        def open_(model: str, **fields: object):
            session = stack.enter_context(gateway.open(spec(model, **fields)))
            session.listen(short / "model.sock")
            return session, short / "model.sock"

        yield open_
