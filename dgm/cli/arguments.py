"""Options that several commands share, and what they name."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dgm.errors import ArchiveError

if TYPE_CHECKING:
    from dgm.archive.reader import RunReader
    from dgm.records import Agent

DEFAULT_ARCHIVE = Path("archive")
_CEILINGS = ("usd", "tokens", "calls", "seconds")


def filled(text: str) -> str:
    """Read a word that must not be empty."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def filled_path(text: str) -> Path:
    """Read a path, which must not be empty."""
    return Path(filled(text))


def folder_path(text: str) -> Path:
    """Read the path of a folder, which need not be there yet."""
    path = filled_path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return path


def add_archive(parser: argparse.ArgumentParser) -> None:
    """`--archive DIR`: where runs live."""
    parser.add_argument(
        "--archive", type=folder_path, default=DEFAULT_ARCHIVE, metavar="DIR",
        help="where runs live (default: ./archive)",
    )  # fmt: skip


def add_run(parser: argparse.ArgumentParser, *, as_option: bool) -> None:
    """`RUN`, or `--run RUN` where the position is taken; the newest by default."""
    text = "the run's name or folder (default: the newest)"
    if as_option:
        parser.add_argument("--run", type=filled, metavar="RUN", help=text)
    else:
        parser.add_argument("run", type=filled, nargs="?", metavar="RUN", help=text)
    add_archive(parser)


def add_agent(parser: argparse.ArgumentParser) -> None:
    """`AGENT`."""
    text = "best, seed, an id, or the start of one"
    parser.add_argument("agent", type=filled, metavar="AGENT", help=text)


def add_json(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def add_budget(parser: argparse.ArgumentParser, *names: str) -> None:
    """Options for another budget than the run has, as in `--tokens N`."""
    for name in (*names, *_CEILINGS):
        parser.add_argument(f"--{name}", metavar="N", help=f"another budget of {name}, in all")
    parser.add_argument(
        "--step", action="append", default=[], metavar="STEP.LIMIT=N",
        help="another budget of a step, as in diagnose.usd=5; may be given again",
    )  # fmt: skip


def add_ceilings(parser: argparse.ArgumentParser) -> None:
    """Options that bound a single rollout, as in `--tokens N`."""
    for name in _CEILINGS:
        parser.add_argument(
            f"--{name}", metavar="N", help=f"{name} of model calls at most (default: as in the run)"
        )


def ceiling_settings(arguments: argparse.Namespace) -> list[str]:
    """List what those options were given, as `key=value`."""
    given = {name: getattr(arguments, name) for name in _CEILINGS}
    return [f"rollout.{name}={value}" for name, value in given.items() if value is not None]


def budget_settings(arguments: argparse.Namespace) -> list[str]:
    """List what those options were given, as `key=value`."""
    given = {name: getattr(arguments, name, None) for name in ("children", "hours", *_CEILINGS)}
    whole = [f"budget.{name}={value}" for name, value in given.items() if value is not None]
    return [*whole, *(f"steps.{setting}" for setting in arguments.step)]


def add_sandbox(parser: argparse.ArgumentParser, default: str = "as the run was started") -> None:
    """`--sandbox NAME`, and the word that lets a real model into the weak one."""
    parser.add_argument(
        "--sandbox", metavar="NAME",
        help=f"auto, docker, bubblewrap or process (default: {default})",
    )  # fmt: skip
    parser.add_argument(
        "--yes-i-know", action="store_true", help="let a real model into the weak sandbox"
    )


def sandbox_settings(arguments: argparse.Namespace) -> list[str]:
    """List what those options were given, as `key=value`."""
    settings = [] if arguments.sandbox is None else [f"sandbox.driver={arguments.sandbox}"]
    return [*settings, "sandbox.accept_weak=true"] if arguments.yes_i_know else settings


def positive(text: str) -> int:
    """Read a count of at least one."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


@contextmanager
def reading(arguments: argparse.Namespace) -> Iterator[RunReader]:
    """Open the run that the arguments name. Raises: ArchiveError."""
    from dgm.archive.layout import find_run
    from dgm.archive.reader import RunReader

    with RunReader.open(find_run(arguments.archive, arguments.run).path) as reader:
        yield reader


def code_of(agent: Agent) -> str:
    """Return the hash of an agent's tree. Raises: ArchiveError if it never came to have one."""
    if agent.tree_hash is None:
        raise ArchiveError(f"agent {agent.id} has no code: {agent.reason or agent.state}")
    return agent.tree_hash
