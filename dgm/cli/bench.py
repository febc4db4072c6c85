"""`dgm bench`: the benchmarks there are, how they are prepared, and whether they are sound."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from dgm.cli.arguments import add_json, filled, filled_path, positive
from dgm.cli.output import remark, say, say_json
from dgm.cli.verdicts import give_verdicts
from dgm.records import Split
from dgm.titles import counted

if TYPE_CHECKING:
    from dgm.benchmarks.preparing import Suite, Wishes
    from dgm.sandbox.progress import Say
    from dgm.sandbox.protocol import SandboxDriver

_NAME = "a benchmark's name (dgm bench list), or a folder of Harbor tasks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add_json(actions.add_parser("list", help="what there is, prepared or not, tasks, splits"))
    preparing = actions.add_parser(
        "prepare", help="fetch, build images, verify; goes on where it was stopped"
    )
    _add_wishes(preparing)
    verifying = actions.add_parser(
        "verify", help="solutions pass, untouched tasks fail, nothing hidden can be reached"
    )
    for action in (preparing, verifying):
        action.add_argument("name", type=filled, metavar="NAME", help=_NAME)
        action.add_argument(
            "--sandbox", default="auto", help="auto, docker, bubblewrap or process (auto)"
        )
        action.add_argument(
            "--repeat", type=positive, default=1, metavar="N",
            help="grade so often; a task whose outcome changes is left out (1)",
        )  # fmt: skip
        add_json(action)


def _add_wishes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from", dest="source", type=filled_path, metavar="DIR", help="a copy on this machine"
    )
    parser.add_argument("--rows", type=filled_path, metavar="FILE", help="rows, as JSON lines")
    parser.add_argument("--dataset", type=filled, metavar="NAME", help="a data set")
    for name in ("languages", "only"):
        parser.add_argument(f"--{name}", type=_listed, metavar="A,B", help=f"{name}, by comma")
    parser.add_argument(
        "--images", action="store_true", help="build an image of every task, plain ones too"
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(filled(part).strip() for part in text.split(","))


def run(arguments: argparse.Namespace) -> int:
    """List, prepare or verify."""
    actions = {"list": _list, "prepare": _prepare, "verify": _verify}
    return actions[arguments.action](arguments)


def _list(arguments: argparse.Namespace) -> int:
    from dgm.wiring import known_suites

    rows = [_row(suite) for suite in known_suites()]
    if arguments.json:
        say_json(rows)
        return 0
    for row in rows:
        say(f"{row['name']}  {row['state']}  {row['about']}")
    return 0


def _row(suite: Suite) -> dict[str, object]:
    from dgm.errors import BenchmarkError
    from dgm.wiring import open_benchmark
    from dgm.workspaces import Workspaces

    row: dict[str, object] = {"name": suite.name, "about": suite.about, "is_prepared": False}
    try:
        benchmark = open_benchmark(str(suite.place or suite.name), Workspaces(_nowhere()))
        counts = {str(split): len(benchmark.tasks(split)) for split in Split}
    except BenchmarkError as error:
        return {**row, "state": "not prepared", "why": str(error)}
    tasks = ", ".join(counted(counts[split], f"{split} task") for split in Split)
    out = f", {len(benchmark.left_out)} left out" if benchmark.left_out else ""
    return {
        **row,
        **counts,
        "is_prepared": True,
        "state": f"{tasks}{out}",
        "left_out": dict(benchmark.left_out),
        "grader": benchmark.grader_version,
    }


def _nowhere() -> Path:
    return Path(tempfile.gettempdir())


def _prepare(arguments: argparse.Namespace) -> int:
    """Do what is not done yet: the suite's own part, then verdicts on the tasks that have none."""
    from dgm.cli.progress import Progress
    from dgm.wiring import find_suite, preparing

    suite = find_suite(arguments.name)
    wishes = _wishes(arguments, suite)
    tell_once = cache(remark)  # which sandbox: it may be opened for packages and for verdicts
    with Progress(sys.stderr if arguments.json else sys.stdout) as tell:
        if suite.prepare is not None:
            sandboxes = partial(_sandboxes, arguments, tell_once)
            with preparing(suite, tell, sandboxes) as means:
                suite.prepare(wishes, means)
    return give_verdicts(arguments, suite, tell_once, only_missing=True)


def _sandboxes(arguments: argparse.Namespace, tell: Say, stack: ExitStack) -> SandboxDriver:
    from dgm.config import read_config
    from dgm.wiring import open_sandboxes

    config = read_config("", [f"sandbox.driver={arguments.sandbox}"])
    return stack.enter_context(open_sandboxes(config, tell))


def _wishes(arguments: argparse.Namespace, suite: Suite) -> Wishes:
    from dgm.benchmarks.preparing import Wishes
    from dgm.errors import ConfigError

    wishes = Wishes(
        source=arguments.source,
        rows=arguments.rows,
        dataset=arguments.dataset or "",
        languages=arguments.languages or (),
        only=arguments.only or (),
        images=arguments.images,
    )
    if alien := [name for name in wishes.given() if name not in suite.takes]:
        known = ", ".join(f"--{name}" for name in sorted(suite.takes)) or "none"
        raise ConfigError(f"{suite.name} takes no --{alien[0]}; its options: {known}")
    return wishes


def _verify(arguments: argparse.Namespace) -> int:
    from dgm.wiring import find_suite

    return give_verdicts(arguments, find_suite(arguments.name), remark, only_missing=False)
