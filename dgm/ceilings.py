"""The settings that bound a run: what may be spent, on what, and what models cost."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, PositiveInt

from dgm.records import Ceiling

Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]

NO_LIMIT = "none"


def _read_limit(value: object) -> object:
    return None if value == NO_LIMIT else value


def _write_limit(value: object) -> object:
    return NO_LIMIT if value is None else value


# TOML has no null, so the absence of a limit has a name.
_Limit = (
    BeforeValidator(_read_limit),
    PlainSerializer(_write_limit, when_used="json"),
)
Count = Annotated[int | None, Field(ge=0), *_Limit]
Amount = Annotated[float | None, Field(ge=0, allow_inf_nan=False), *_Limit]
Hours = Annotated[float | None, Field(gt=0), *_Limit]


class Section(BaseModel):
    """A section of the settings: what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CeilingSettings(Section):
    """What model calls may come to; None is no limit. `seconds` are those that the calls take."""

    tokens: Count = None
    usd: Amount = None
    calls: Count = None
    seconds: Amount = None

    def as_ceiling(self) -> Ceiling:
        """The same as the record that the gateway takes."""
        return Ceiling(self.tokens, self.usd, self.calls, self.seconds)


class BudgetSettings(CeilingSettings):
    """What a run may spend; None is no limit, written `"none"`."""

    children: int = Field(14, ge=0, le=1_000_000)
    hours: Hours = None


class AgentSettings(CeilingSettings):
    """Bounds on all that is spent on one agent: making, checking and measuring it."""


class RolloutSettings(CeilingSettings):
    """Bounds of a single rollout."""

    tokens: Count = 600_000
    modify_timeout_s: float = Field(300.0, gt=0)
    retries: int = Field(2, ge=0, le=10, description="of rollouts that the machine spoiled")


class LongPriceSettings(Section):
    """What a request of more than `from_tokens` of input costs; USD per million tokens."""

    from_tokens: PositiveInt
    input_usd_per_mtok: Usd
    output_usd_per_mtok: Usd
    cache_read_usd_per_mtok: Usd | None = None
    cache_write_usd_per_mtok: Usd | None = None


class PriceSettings(Section):
    """What a model costs, in USD per million tokens; without prices, cached input is as other."""

    input_usd_per_mtok: Usd
    output_usd_per_mtok: Usd
    cache_read_usd_per_mtok: Usd | None = None
    cache_write_usd_per_mtok: Usd | None = None
    long: LongPriceSettings | None = None
