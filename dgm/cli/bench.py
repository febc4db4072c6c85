"""`dgm bench`: the benchmarks there are, and whether they are sound."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from dgm.cli.arguments import add_json
from dgm.cli.output import say, say_json
from dgm.records import Split
from dgm.titles import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list benchmarks")
    add_json(listing)
    verifying = actions.add_parser(
        "verify", help="solutions pass, untouched tasks fail, nothing hidden can be reached"
    )
    verifying.add_argument("name", metavar="NAME", help="quick, or a folder of Harbor tasks")
    verifying.add_argument("--sandbox", default="auto", help="auto, bubblewrap or process")
    add_json(verifying)


def run(arguments: argparse.Namespace) -> int:
    """List or verify."""
    return _list(arguments) if arguments.action == "list" else _verify(arguments)


def _list(arguments: argparse.Namespace) -> int:
    from dgm.wiring import BENCHMARKS, open_benchmark
    from dgm.workspaces import Workspaces

    rows = []
    for name in BENCHMARKS:
        benchmark = open_benchmark(name, Workspaces(Path(tempfile.gettempdir())))
        counts = {str(split): len(benchmark.tasks(split)) for split in Split}
        rows.append({"name": name, **counts, "grader": benchmark.grader_version})
    if arguments.json:
        say_json(rows)
    else:
        for row in rows:
            tasks = ", ".join(counted(int(str(row[split])), f"{split} task") for split in Split)
            say(f"{row['name']}  {tasks}")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from dgm.benchmarks.verify import Verified, find_leaks, verify_task
    from dgm.config import read_config
    from dgm.wiring import open_benchmark, open_sandboxes
    from dgm.workspaces import Workspaces

    config = read_config("", [f"sandbox.driver={arguments.sandbox}"])
    with (
        tempfile.TemporaryDirectory(prefix="dgm-verify-") as cache,
        open_sandboxes(config) as sandboxes,
    ):
        benchmark = open_benchmark(arguments.name, Workspaces(Path(cache)))
        tasks = benchmark.tasks()
        leaks = find_leaks(benchmark, tasks, sandboxes)
        results = []
        for task in tasks:
            found = verify_task(benchmark, task, sandboxes)
            results.append(Verified(task, (*found.problems, *leaks.get(task.id, ()))))
            if not arguments.json:
                say(f"{task.id:32} {task.split:7} {'; '.join(results[-1].problems) or 'sound'}")
                sys.stdout.flush()
    unsound = [result for result in results if result.problems]
    if arguments.json:
        say_json([{"task": r.task.id, "problems": list(r.problems)} for r in results])
    else:
        say(f"{len(results) - len(unsound)} of {len(results)} tasks are sound")
    return 1 if unsound else 0
