"""`dgm resume`: go on where a run stopped."""

from __future__ import annotations

import argparse

from dgm.cli.arguments import (
    add_budget,
    add_run,
    add_sandbox,
    budget_settings,
    sandbox_settings,
)
from dgm.cli.output import say
from dgm.hostgit import require_git


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_run(parser, as_option=False)
    parser.add_argument("--workers", metavar="N", help="units of work at a time")
    add_budget(parser, "children", "hours")
    add_sandbox(parser)


def run(arguments: argparse.Namespace) -> int:
    """Go on with the settings the run was started with, but for those given here."""
    from dgm.archive.layout import find_run
    from dgm.archive.store import Store
    from dgm.cli.running import evolve_store
    from dgm.config import read_config
    from dgm.wiring import open_laboratory

    require_git()
    settings = [*budget_settings(arguments), *sandbox_settings(arguments)]
    if arguments.workers is not None:
        settings.append(f"workers={arguments.workers}")
    with Store.open(find_run(arguments.archive, arguments.run).path) as store:
        config = read_config(store.settings, settings)
        with open_laboratory(config, store.run.path, say, verifies=True) as lab:
            return evolve_store(lab, store)
