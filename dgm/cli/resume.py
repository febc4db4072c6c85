"""`dgm resume`: go on where a run stopped."""

from __future__ import annotations

import argparse

from dgm.cli.arguments import add_run

_NEW = {
    "workers": "workers",
    "children": "budget.children",
    "hours": "budget.hours",
    "usd": "budget.usd",
    "tokens": "budget.tokens",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_run(parser, as_option=False)
    parser.add_argument("--workers", metavar="N", help="units of work at a time")
    for name in ("children", "hours", "usd", "tokens"):
        parser.add_argument(f"--{name}", metavar="N", help=f"another budget of {name}, in all")


def run(arguments: argparse.Namespace) -> int:
    """Go on with the settings the run was started with, but for those given here."""
    from dgm.archive.layout import find_run
    from dgm.archive.store import Store
    from dgm.cli.running import evolve_store
    from dgm.config import read_config
    from dgm.wiring import open_laboratory

    given = {key: getattr(arguments, name) for name, key in _NEW.items()}
    settings = [f"{key}={value}" for key, value in given.items() if value is not None]
    with Store.open(find_run(arguments.archive, arguments.run).path) as store:
        config = read_config(store.settings, settings)
        with open_laboratory(config, store.run.path) as lab:
            return evolve_store(lab, store)
