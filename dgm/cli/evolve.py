"""`dgm evolve`: a new run."""

from __future__ import annotations

import argparse
import tempfile
from datetime import datetime
from pathlib import Path

from dgm.cli.arguments import add_archive
from dgm.errors import ConfigError

_SHORT = {
    "seed": "seed",
    "workers": "workers",
    "children": "budget.children",
    "hours": "budget.hours",
    "usd": "budget.usd",
    "tokens": "budget.tokens",
    "model": "model.name",
    "diagnosis_model": "model.diagnosis",
    "benchmark": "benchmark.name",
    "policy": "search.policy",
    "sandbox": "sandbox.driver",
    "seed_agent": "seed_agent",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings, as TOML")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="settings",
        help="one setting, as in search.policy=random; may be given again",
    )  # fmt: skip
    parser.add_argument("--name", metavar="RUN", help="the run's name (default: date and time)")
    parser.add_argument("--children", metavar="N", help="how many children to begin")
    parser.add_argument("--hours", metavar="H", help="begin no child after this time")
    parser.add_argument("--usd", metavar="USD", help="spend at most this")
    parser.add_argument("--tokens", metavar="N", help="use at most so many tokens")
    parser.add_argument("--workers", metavar="N", help="units of work at a time (default 2)")
    parser.add_argument("--seed", metavar="N", help="of all chance in the run (default 1)")
    parser.add_argument("--model", metavar="MODEL", help="builtin, or provider/name")
    parser.add_argument("--diagnosis-model", metavar="MODEL", help="default: the same")
    parser.add_argument("--benchmark", metavar="NAME", help="quick, or a folder of Harbor tasks")
    parser.add_argument("--policy", metavar="NAME", help="how parents are chosen (default dgm)")
    parser.add_argument("--seed-agent", metavar="PATH", help="another first agent")
    parser.add_argument("--sandbox", metavar="NAME", help="auto, docker, bubblewrap or process")
    parser.add_argument(
        "--yes-i-know", action="store_true", help="let a real model into the weak sandbox"
    )
    add_archive(parser)


def run(arguments: argparse.Namespace) -> int:
    """Create the run and evolve it."""
    from dgm.archive.seed import import_seed
    from dgm.archive.store import Store
    from dgm.cli.running import evolve_store
    from dgm.config import config_as_toml, load_config
    from dgm.wiring import check_config, seed_folder

    config = load_config(arguments.config, _settings(arguments))
    check_config(config)
    run_folder = arguments.archive / _name(arguments.name)
    with tempfile.TemporaryDirectory(prefix="dgm-seed-") as scratch:
        seed = Path(scratch) / "seed"
        import_seed(seed_folder(config), seed)
        arguments.archive.mkdir(parents=True, exist_ok=True)
        with Store.create(run_folder, config_as_toml(config)) as store:
            store.add_seed(seed)
            return evolve_store(config, store)


def _name(given: str | None) -> str:
    if given is None:
        return datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    if not given or any(char in given for char in "/\\\0") or given.startswith("."):
        raise ConfigError(f"a run cannot be named {given!r}; letters, digits and - are safe")
    return given


def _settings(arguments: argparse.Namespace) -> list[str]:
    settings = [
        f"{key}={value}"
        for option, key in _SHORT.items()
        if (value := getattr(arguments, option)) is not None
    ]
    if arguments.yes_i_know:
        settings.append("sandbox.accept_weak=true")
    return [*arguments.settings, *settings]
