"""What a model's tokens cost. A model without a known price is refused, never taken as free.

Covered: each kind of token, and long requests that cost more in all. Not covered: what a provider
bills by other things than tokens, and rebates or surcharges agreed with it (service tiers, regions,
contracts): a price in the settings says what holds for you.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dgm.ceilings import LongPriceSettings, PriceSettings
from dgm.errors import ModelUnusableError
from dgm.records import Usage

_FREE_PROVIDER = "builtin"
_KINDS = ("input", "output", "cache_read", "cache_write")
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """USD per token; what goes through the provider's cache costs like any input unless it is said.

    A request of more than `long_from` input tokens is charged at `long` in all its parts.
    """

    input_usd: float
    output_usd: float
    cache_read_usd: float | None = None
    cache_write_usd: float | None = None
    long: Price | None = None
    long_from: int = 0

    @property
    def read_usd(self) -> float:
        """USD for a token read from the provider's cache."""
        return self.input_usd if self.cache_read_usd is None else self.cache_read_usd

    @property
    def write_usd(self) -> float:
        """USD for a token written to the provider's cache."""
        return self.input_usd if self.cache_write_usd is None else self.cache_write_usd

    def usage(
        self,
        input_tokens: int,
        output_tokens: int,
        cache_read_tokens: int = 0,
        cache_write_tokens: int = 0,
    ) -> Usage:
        """Return the usage of one call; `input_tokens` leaves out what went through the cache."""
        price = self._for(input_tokens + cache_read_tokens + cache_write_tokens)
        cost = (
            input_tokens * price.input_usd
            + output_tokens * price.output_usd
            + cache_read_tokens * price.read_usd
            + cache_write_tokens * price.write_usd
        )
        return Usage(1, input_tokens, output_tokens, cost, cache_read_tokens, cache_write_tokens)

    def worst(self, input_tokens: int, output_tokens: int) -> Usage:
        """Return what a call can come to at most: its input is of the dearest kind."""
        price = self._for(2 * input_tokens)  # for the estimate may fall short
        dearest = max(price.input_usd, price.read_usd, price.write_usd)
        cost = input_tokens * dearest + output_tokens * price.output_usd
        return Usage(1, input_tokens, output_tokens, cost)

    def saved_usd(self, usage: Usage) -> float:
        """Return what the provider's cache saved: below zero where writing cost more than it won.

        For long requests, which cost more, it is a lower bound.
        """
        return usage.cache_read_tokens * (self.input_usd - self.read_usd) - (
            usage.cache_write_tokens * (self.write_usd - self.input_usd)
        )

    def _for(self, input_tokens: int) -> Price:
        return self.long if self.long and input_tokens > self.long_from else self


FREE = Price(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by the full name of the model (`provider/name`); `builtin` costs nothing."""

    table: Mapping[str, Price] = field(default_factory=dict)

    def of(self, model: str) -> Price:
        """Return the price of a model.

        Raises: ModelUnusableError if it is not known, naming the setting that says it.
        """
        if (price := self.table.get(model)) is not None:
            return price
        if model.split("/", 1)[0] == _FREE_PROVIDER:
            return FREE
        raise ModelUnusableError(
            f"no price is known for model {model!r}; say it in the settings: "
            f"--set 'prices.\"{model}\".input_usd_per_mtok=...' "
            f"--set 'prices.\"{model}\".output_usd_per_mtok=...' (0 if it costs nothing)"
        )


def price_from(settings: PriceSettings | LongPriceSettings) -> Price:
    """Read a price from the settings."""
    cached = (settings.cache_read_usd_per_mtok, settings.cache_write_usd_per_mtok)
    read, write = (None if each is None else each / _MILLION for each in cached)
    long = settings.long if isinstance(settings, PriceSettings) else None
    return Price(
        settings.input_usd_per_mtok / _MILLION,
        settings.output_usd_per_mtok / _MILLION,
        read,
        write,
        price_from(long) if long else None,
        long.from_tokens if long else 0,
    )


def settings_from(price: Price) -> PriceSettings:
    """Write a price as settings."""
    long = {"from_tokens": price.long_from, **_per_mtok(price.long)} if price.long else None
    return PriceSettings.model_validate({**_per_mtok(price), "long": long})


def _per_mtok(price: Price) -> dict[str, float | None]:
    usd = (price.input_usd, price.output_usd, price.cache_read_usd, price.cache_write_usd)
    return {
        f"{kind}_usd_per_mtok": None if each is None else round(each * _MILLION, 9)
        for kind, each in zip(_KINDS, usd, strict=True)
    }
