"""The word of warning before a real model is asked and nothing says what that may cost in all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dgm.cli.output import remark

if TYPE_CHECKING:
    from dgm.ceilings import CeilingSettings
    from dgm.config import Config


def warn_if_unbounded(config: Config, budget: CeilingSettings, *models: str) -> None:
    """Say which of the models costs something while `budget` holds no limit that means money."""
    is_bounded = any(limit is not None for limit in (budget.usd, budget.tokens, budget.calls))
    dear = [model for model in dict.fromkeys(models) if _costs_something(config, model)]
    if is_bounded or not dear:
        return
    remark(
        f"nothing bounds what this may spend in all on {' and '.join(dear)}; "
        "--usd N or --tokens N does"
    )


def warn_if_run_is_unbounded(config: Config) -> None:
    """Do so for all that a run, or a measuring in it, asks; a replay asks nobody."""
    if config.model.replay is None:
        warn_if_unbounded(config, config.budget, config.model.name, config.model.diagnosis_name)


def _costs_something(config: Config, model: str) -> bool:
    """Whether a model has a price; that of those in use is known once a laboratory is open."""
    price = config.prices.get(model)
    return price is not None and bool(price.input_usd_per_mtok or price.output_usd_per_mtok)
