"""`dgm clean`: remove what dead processes left behind."""

from __future__ import annotations

import argparse

from dgm.cli.arguments import add_json
from dgm.cli.output import say, say_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "--images", action="store_true",
        help="also the images that dgm bench prepare made and no container uses",
    )  # fmt: skip
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print how many sandboxes of each kind were removed; those of the living are left alone."""
    from dgm.wiring import clean, clean_images

    removed = clean()
    if arguments.images:
        removed = (*removed, clean_images())
    if arguments.json:
        say_json(
            [
                {"sandbox": each.sandbox, "removed": each.removed, "trouble": each.trouble}
                for each in removed
            ]
        )
        return 0
    for each in removed:
        say(f"{each.sandbox:12} {each.trouble or f'{each.removed} removed'}")
    return 0
