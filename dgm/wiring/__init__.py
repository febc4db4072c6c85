"""Where the parts are put together: the only package that names concrete classes."""

from dgm.wiring.benchmarks import BENCHMARKS, SUITES, cache_of, find_suite, open_benchmark
from dgm.wiring.models import (
    BUILTIN,
    PROVIDERS,
    check_keys,
    closed_gateway,
    key_name_of,
    open_gateway,
    priced,
    prices_of,
)
from dgm.wiring.runs import (
    check_config,
    checkouts,
    importing,
    open_evolution,
    open_laboratory,
    seed_folder,
    settle,
    spent_in,
)
from dgm.wiring.sandboxes import Cleaned, Examined, clean, examine, open_sandboxes

__all__ = [
    "BENCHMARKS",
    "BUILTIN",
    "PROVIDERS",
    "SUITES",
    "Cleaned",
    "Examined",
    "cache_of",
    "check_config",
    "check_keys",
    "checkouts",
    "clean",
    "closed_gateway",
    "examine",
    "find_suite",
    "importing",
    "key_name_of",
    "open_benchmark",
    "open_evolution",
    "open_gateway",
    "open_laboratory",
    "open_sandboxes",
    "priced",
    "prices_of",
    "seed_folder",
    "settle",
    "spent_in",
]
