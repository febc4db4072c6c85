"""`dgm replay`: recorded rollouts again, from their transcripts, at no cost."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from dgm.cli.arguments import add_agent, add_json, add_run, add_sandbox, sandbox_settings
from dgm.cli.output import remark, say, say_json
from dgm.errors import ArchiveError

if TYPE_CHECKING:
    from dgm.archive.reader import RunReader
    from dgm.records import Rollout
    from dgm.replay import Replayed, Replayer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_agent(parser)
    parser.add_argument("task", nargs="?", metavar="TASK", help="a task or rollout (default: all)")
    add_run(parser, as_option=True)
    add_sandbox(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Replay; 1 if anything came out differently."""
    from dgm.archive.layout import find_run
    from dgm.archive.reader import RunReader
    from dgm.config import read_config
    from dgm.replay import Replayer
    from dgm.wiring import checkouts, open_laboratory

    folder = find_run(arguments.archive, arguments.run).path
    replayed: list[Replayed] = []
    with RunReader.open(folder) as reader:
        wanted = _wanted(reader, arguments.agent, arguments.task)
        config = read_config(reader.settings, sandbox_settings(arguments))
        with (
            open_laboratory(config, folder, tell_sandbox=remark, asks_models=False) as lab,
            checkouts(reader.repository) as code_of,
        ):
            replayer = Replayer(lab, reader, code_of)
            for rollout in _possible(reader, replayer, wanted):
                replayed.append(one := replayer.replay(rollout))
                if not arguments.json:
                    say(f"{rollout.id}  {rollout.task_id}  {one.divergence or 'the same'}")
                    sys.stdout.flush()
    same = sum(one.is_same for one in replayed)
    if arguments.json:
        say_json([_as_json(one) for one in replayed])
    else:
        say(f"{same} of {len(replayed)} came out the same, 0.00 USD")
    return 0 if same == len(replayed) else 1


def _wanted(reader: RunReader, agent: str, task: str | None) -> list[Rollout]:
    owner = reader.tree().resolve(agent)
    rollouts = reader.rollouts(owner.id)
    if found := [each for each in rollouts if task in (None, each.task_id, each.id)]:
        return found
    what = f"task {task!r}" if task else "rollout"
    raise ArchiveError(f"agent {owner.id} has no {what} to replay; see: dgm show {owner.id}")


def _possible(reader: RunReader, replayer: Replayer, wanted: list[Rollout]) -> list[Rollout]:
    if rollouts := list(filter(replayer.can_replay, wanted)):
        return rollouts
    raise ArchiveError(
        f"nothing of {wanted[0].agent_id} can be replayed: what was recorded below "
        f"{reader.run.path / 'rollouts'} is missing, has not ended, or is no agent's work "
        "(a diagnosis)"
    )


def _as_json(one: Replayed) -> dict[str, str | bool]:
    rollout = one.rollout
    return {
        "rollout": rollout.id,
        "task": rollout.task_id,
        "same": one.is_same,
        "divergence": one.divergence,
    }
