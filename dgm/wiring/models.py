"""Which models there are, what they need, and the gateway to them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from random import Random

from dgm.config import Config
from dgm.errors import ConfigError, ModelUnusableError
from dgm.gateway.builtin import BuiltinProvider
from dgm.gateway.cache import ResponseCache
from dgm.gateway.heap import settled_heap
from dgm.gateway.prices import Prices, price_from, settings_from
from dgm.gateway.pricetable import listed_price
from dgm.gateway.protocol import Provider
from dgm.gateway.providers import AnthropicProvider, OpenAIProvider, Upstream
from dgm.gateway.providers.anthropic import ADDRESS as ANTHROPIC_ADDRESS
from dgm.gateway.providers.clouds import bedrock, vertex
from dgm.gateway.providers.openai import ADDRESS as OPENAI_ADDRESS
from dgm.gateway.server import GatewayServer

BUILTIN = "builtin"
_SERVED = {  # provider: where it is, and the variable its key is in
    "anthropic": (ANTHROPIC_ADDRESS, "ANTHROPIC_API_KEY"),
    "openai": (OPENAI_ADDRESS, "OPENAI_API_KEY"),
    "bedrock": ("Amazon Bedrock", ""),
    "vertex": ("Vertex AI", ""),
}
_BEDROCK_KEY = "AWS_BEARER_TOKEN_BEDROCK"  # one of the ways to be known there
PROVIDERS = (BUILTIN, *_SERVED)


def check_models(config: Config) -> None:
    """Refuse models that nobody serves. Raises: ConfigError."""
    for model in _models(config):
        provider, _, name = model.partition("/")
        if model != BUILTIN and (provider not in _SERVED or not name):
            known = ", ".join((BUILTIN, *(f"{each}/NAME" for each in _SERVED)))
            raise ConfigError(f"unknown model {model!r}; known: {known}")
    if config.model.base_url and _provider_of(config.model.name) not in ("anthropic", "openai"):
        raise ConfigError(
            "model.base_url is for models named anthropic/NAME or openai/NAME (any server that "
            f"speaks OpenAI's API); {config.model.name!r} has an address of its own"
        )


def check_keys(config: Config) -> None:
    """Refuse to begin without the keys that the models need. Raises: ModelUnusableError."""
    for model in _models(config):
        if _is_builtin(model):
            continue
        upstream = _upstream(config, _provider_of(model))
        is_somebody_elses = upstream.address != OPENAI_ADDRESS and upstream.provider == "openai"
        if upstream.key_name and not upstream.key and not is_somebody_elses:
            raise ModelUnusableError(
                f"model {model!r} needs a key: export {upstream.key_name}=... and try again"
            )
        if not upstream.key.isascii() or not upstream.key.isprintable() or " " in upstream.key:
            raise ModelUnusableError(
                f"{upstream.key_name} holds characters that no key has; was it copied whole?"
            )


def key_name_of(provider: str) -> str:
    """The variable of the host's environment a provider's key is in; empty if it has none."""
    return _SERVED[provider][1] if provider in _SERVED else ""


def priced(config: Config) -> Config:
    """Lay the list prices of the models in use into the settings, where those say none.

    Raises: ModelUnusableError if a price is not known.
    """
    known = dict(config.prices)
    for model in sorted({*_models(config)} - {*known}):
        if _is_builtin(model):
            continue
        provider = _provider_of(model)
        is_vendors_own = _upstream(config, provider).address == _SERVED[provider][0]
        listed = listed_price(model) if is_vendors_own else None
        known[model] = settings_from(listed or prices_of(config).of(model))
    return config.model_copy(update={"prices": known})


def prices_of(config: Config) -> Prices:
    """The prices that the settings of a run say."""
    return Prices({model: price_from(settings) for model, settings in config.prices.items()})


@contextmanager
def open_gateway(config: Config, archive: Path | None = None) -> Iterator[GatewayServer]:
    """Open the gateway with the providers of the models in use.

    With `model.cache` the archive's folder holds the answers.
    """
    providers: dict[str, Provider] = {BUILTIN: BuiltinProvider()}
    with ExitStack() as stack:
        for name in {_provider_of(model) for model in _models(config)} - {BUILTIN}:
            opened = _provider(_upstream(config, name))
            providers[name] = stack.enter_context(closing(opened))
        gateway = GatewayServer(providers, prices_of(config), random=Random(config.seed))
        if config.model.cache and archive is not None:
            addresses = {
                name: _upstream(config, name).address for name in providers.keys() & _SERVED
            }
            gateway.keep_answers(ResponseCache(archive / ".responses", addresses))
        stack.enter_context(gateway)
        stack.enter_context(settled_heap())
        yield gateway


def closed_gateway() -> GatewayServer:
    """Make a gateway behind which there is no model at all: what replays need."""
    return GatewayServer({}, Prices(), random=Random(0))


def _provider(upstream: Upstream) -> AnthropicProvider | OpenAIProvider:
    match upstream.provider:
        case "openai":
            return OpenAIProvider(upstream)
        case "bedrock":
            return AnthropicProvider(upstream, make=bedrock)
        case "vertex":
            return AnthropicProvider(upstream, make=vertex)
        case _:
            return AnthropicProvider(upstream)


def _upstream(config: Config, provider: str) -> Upstream:
    """Say where a provider is; another address is that of the agents' model, and its namesakes."""
    address, key_name = _SERVED[provider]
    if config.model.base_url and provider == _provider_of(config.model.name):
        address = config.model.base_url
    if provider == "bedrock" and _BEDROCK_KEY in os.environ:
        key_name = _BEDROCK_KEY
    return Upstream(provider, address, os.environ.get(key_name, "").strip(), key_name)


def _models(config: Config) -> tuple[str, str]:
    return config.model.name, config.model.diagnosis_name


def _provider_of(model: str) -> str:
    return model.split("/", maxsplit=1)[0]


def asks_only_builtin(config: Config) -> bool:
    """Whether no real model is asked."""
    return all(map(_is_builtin, _models(config)))


def _is_builtin(model: str) -> bool:
    return _provider_of(model) == BUILTIN
