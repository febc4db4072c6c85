"""What a model's tokens cost. A model without a known price is refused, never taken as free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dgm.errors import ConfigError
from dgm.records import Usage

_FREE_PROVIDER = "builtin"


@dataclass(frozen=True, slots=True)
class Price:
    """USD per token."""

    input_usd: float
    output_usd: float

    def usage(self, input_tokens: int, output_tokens: int) -> Usage:
        """Return the usage of one call."""
        cost = input_tokens * self.input_usd + output_tokens * self.output_usd
        return Usage(1, input_tokens, output_tokens, cost)


FREE = Price(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by the full name of the model (`provider/name`); `builtin` costs nothing."""

    table: Mapping[str, Price] = field(default_factory=dict)

    def of(self, model: str) -> Price:
        """Return the price of a model.

        Raises: ConfigError if it is not known.
        """
        if (price := self.table.get(model)) is not None:
            return price
        if model.split("/", 1)[0] == _FREE_PROVIDER:
            return FREE
        known = ", ".join(sorted({*self.table, _FREE_PROVIDER}))
        raise ConfigError(f"no price is known for model {model!r}; priced models: {known}")
