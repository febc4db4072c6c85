"""`dgm images`: the images that Docker sandboxes start from, and how they are built."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from types import FrameType
from typing import TYPE_CHECKING

from dgm.cli.arguments import add_json
from dgm.cli.output import say, say_json
from dgm.cli.progress import Progress
from dgm.resources import cache_folder

if TYPE_CHECKING:
    from docker import DockerClient

    from dgm.sandbox.images import Standing

_TERMINATED = 143
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "action", nargs="?", choices=("list", "build"), default="list",
        help="list what there is (the default), or build what is missing",
    )  # fmt: skip
    parser.add_argument(
        "--base", choices=("registry", "debian"), default="registry",
        help="build on an image of a registry (the default), or on Debian packages alone",
    )  # fmt: skip
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """List or build."""
    from dgm.sandbox import engine, images

    client = engine.connect(os.environ.get("DOCKER_HOST", ""))
    try:
        if arguments.action == "build":
            with _stopped_by_sigterm():
                _build(client, arguments)
        standings = images.survey(client)
    finally:
        client.close()
    if arguments.json:
        say_json([asdict(standing) for standing in standings])
    elif arguments.action == "list":
        for standing in standings:
            say(_line(standing))
    return 0


def _build(client: DockerClient, arguments: argparse.Namespace) -> None:
    from dgm.sandbox import builds, debian, images
    from dgm.sandbox.containers.driver import check_engine

    check_engine(client)
    recipe = images.Recipe.of(images.Base(arguments.base))
    with Progress(sys.stderr if arguments.json else sys.stdout) as tell:
        if builds.is_there(client, recipe.tag):
            tell(f"{recipe.tag} is there already, on {recipe.base_image}")
            return
        if recipe.base is images.Base.DEBIAN:
            debian.ensure(client, cache_folder(os.environ), _proxies(), tell)
        images.build(client, recipe, tell)
        tell(f"{recipe.tag} is ready")


def _line(standing: Standing) -> str:
    if standing.made is None:
        state = f"not built; dgm images build --base {standing.base}"
    else:
        state = f"{standing.size_mb} MB, {standing.made}"
        if not standing.base:
            state += f"; outdated, remove it with: docker rmi {standing.tag}"
    return f"{standing.tag}  {standing.base_image:26}  {state}"


def _proxies() -> dict[str, str]:
    return {name: os.environ[name] for name in _PROXIES if name in os.environ}


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Clean up when told to end, as after Ctrl-C."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise SystemExit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
