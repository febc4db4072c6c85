"""List prices, from the package `genai-prices`.

The table lies in the package itself: nothing is asked of any network, and it is as new as the
package is. The package is imported when it is first asked, which takes a moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from dgm.gateway.prices import Price

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

_TABLES = {"anthropic": "anthropic", "openai": "openai", "bedrock": "aws", "vertex": "google"}
_KINDS = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")
_MILLION = 1_000_000


def listed_price(model: str, now: datetime | None = None) -> Price | None:
    """Look a model (`provider/name`) up in the package's table; None if it is not there.

    A price of zero is none: the vendors this looks up give nothing away.
    """
    from genai_prices.data_snapshot import get_snapshot

    provider, _, name = model.partition("/")
    if provider not in _TABLES or not name:
        return None
    try:
        _, found = get_snapshot().find_provider_model(name, None, _TABLES[provider], None)
    except LookupError:
        return None
    return _price(found, now or datetime.now(UTC))


def listed_models(provider: str, now: datetime | None = None) -> Iterator[tuple[str, Price]]:
    """Yield the models of a provider that the package's table prices by text tokens."""
    from genai_prices.data_snapshot import get_snapshot

    for table in get_snapshot().providers:
        if table.id == _TABLES.get(provider):
            yield from _models(provider, table, now or datetime.now(UTC))


def _models(provider: str, table: Provider, now: datetime) -> Iterator[tuple[str, Price]]:
    for model in table.models:
        is_its = provider in ("anthropic", "openai") or "claude" in model.id
        price = _price(model, now)
        hears = getattr(model.get_prices(now), "input_audio_mtok", None) is not None
        if is_its and price is not None and not model.deprecated and not hears:
            yield f"{provider}/{model.id}", price


def _price(model: ModelInfo, now: datetime) -> Price | None:
    listed = model.get_prices(now)
    kinds = {kind: getattr(listed, kind) for kind in _KINDS}
    ordinary = {kind: getattr(each, "base", each) for kind, each in kinds.items()}
    tiers = {kind: each.tiers[-1] for kind, each in kinds.items() if getattr(each, "tiers", None)}
    price = _of(ordinary)
    if price is None or not tiers:
        return price
    long = _of({**ordinary, **{kind: tier.price for kind, tier in tiers.items()}})
    return replace(price, long=long, long_from=min(tier.start for tier in tiers.values()))


def _of(usd_per_mtok: Mapping[str, Decimal | None]) -> Price | None:
    usd = [None if each is None else float(each / _MILLION) for each in usd_per_mtok.values()]
    tokens_in, tokens_out, read, write = usd
    return Price(tokens_in, tokens_out, read, write) if tokens_in and tokens_out else None
