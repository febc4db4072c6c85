"""Verdicts on a benchmark's tasks, as `dgm bench prepare` and `dgm bench verify` give them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dgm.cli.output import say, say_json
from dgm.records import Split
from dgm.titles import counted

if TYPE_CHECKING:
    from dgm.benchmarks.preparing import Suite
    from dgm.benchmarks.protocol import Benchmark
    from dgm.benchmarks.standing import Standings
    from dgm.benchmarks.verify import Verified
    from dgm.records import Task
    from dgm.sandbox.progress import Say
    from dgm.workspaces import Workspaces


def give_verdicts(
    arguments: argparse.Namespace, suite: Suite, tell: Say, *, only_missing: bool
) -> int:
    """Verify tasks, keep the verdicts, print them and what is left out; 1 if any is unsound.

    `tell` is told which sandbox is taken.

    In a folder of the user's what cannot be read as a task is unsound too; what a suite of ours
    leaves out never was a task. With `only_missing`, those that have a verdict already keep it, and
    1 means that some have none.
    """
    from dgm.benchmarks.standing import Checked
    from dgm.wiring import open_whole, standings_of
    from dgm.workspaces import Workspaces

    with tempfile.TemporaryDirectory(prefix="dgm-verify-") as cache:
        workspaces = Workspaces(Path(cache))
        whole, standings = open_whole(suite, workspaces), standings_of(suite)
        tasks = [
            task
            for task in whole.tasks()
            if not only_missing or _is_missing(standings, whole, task, arguments.repeat)
        ]
        found = list(_verified(arguments, whole, tasks, standings, workspaces, tell))
    _conclude(arguments, Checked(whole, standings), whole, found)
    if only_missing:
        return int(any(not each.is_final for each in found))
    is_whole = suite.place is None or not whole.left_out
    return int(any(each.problems for each in found) or not is_whole)


def _is_missing(standings: Standings, whole: Benchmark, task: Task, repeat: int) -> bool:
    standing = standings.of(task, whole.grader_version)
    return standing is None or (not standing.problems and standing.repeats < repeat)


def _verified(
    arguments: argparse.Namespace,
    whole: Benchmark,
    tasks: Sequence[Task],
    standings: Standings,
    workspaces: Workspaces,
    tell: Say,
) -> Iterator[Verified]:
    """Verify, keep and tell, task by task."""
    from dgm.benchmarks.verify import verify
    from dgm.config import read_config
    from dgm.wiring import open_sandboxes

    if not tasks:
        return
    config = read_config("", [f"sandbox.driver={arguments.sandbox}"])
    with open_sandboxes(config, tell) as sandboxes:
        for each in verify(whole, tasks, sandboxes, workspaces, repeat=arguments.repeat):
            if each.is_final:
                standings.keep(each, whole.grader_version)
            if not arguments.json:
                verdict = "; ".join(each.problems) or "sound"
                say(f"{each.task.id:32} {each.task.split:7} {each.seconds:6.1f} s  {verdict}")
                sys.stdout.flush()
            yield each


def _conclude(
    arguments: argparse.Namespace,
    checked: Benchmark,
    whole: Benchmark,
    found: Sequence[Verified],
) -> None:
    if arguments.json:
        told = [{"task": each.task.id, "problems": list(each.problems)} for each in found]
        left = [{"task": name, "problems": [why]} for name, why in whole.left_out.items()]
        say_json([*told, *left])
        return
    for name, why in checked.left_out.items():
        say(f"left out: {name}: {why.removeprefix(f'task {name}: ')}")
    if found:
        sound = sum(not each.problems for each in found)
        say(f"{sound} of {len(found) + len(whole.left_out)} tasks are sound")
    counts = (counted(len(checked.tasks(split)), f"{split} task") for split in Split)
    say(f"{checked.name}: {', '.join(counts)}, {len(checked.left_out)} left out")
