"""`dgm log`: one rollout, step by step."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dgm.cli.arguments import add_agent, add_json, add_run, reading
from dgm.cli.output import say, say_json, seconds
from dgm.errors import ArchiveError
from dgm.titles import counted

if TYPE_CHECKING:
    from dgm.archive.reader import RunReader
    from dgm.gateway.turns import Turn
    from dgm.records import Rollout

_SHOWN_CHARS = 2000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_agent(parser)
    parser.add_argument(
        "task", metavar="TASK",
        help="a task, a rollout's id, or: diagnosis, self-modification, canary",
    )  # fmt: skip
    parser.add_argument("--full", action="store_true", help="do not shorten long outputs")
    add_run(parser, as_option=True)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the rollout's turns."""
    from dgm.gateway.turns import read_turns

    with reading(arguments) as reader:
        rollout = find_rollout(reader, arguments.agent, arguments.task)
        own, folder = (reader.run.rollout(name) for name in (rollout.id, rollout.work_id))
    turns = read_turns(folder / "transcript.jsonl")
    if arguments.json:
        say_json({"rollout": asdict(rollout), "turns": [_as_json(turn) for turn in turns]})
        return 0
    limit = None if arguments.full else _SHOWN_CHARS
    say(_headline(rollout))
    if rollout.usage.calls and not turns:
        say(f"its {rollout.usage.calls} calls are lost: {folder / 'transcript.jsonl'} is missing")
    for turn in turns:
        _print_turn(turn, limit)
    for name in ("output.txt", "grading.txt", "own-tests.txt", "patch.diff"):
        if text := _text_of((own if name == "grading.txt" else folder) / name):
            say(f"\n--- {name}\n{_shortened(text, limit)}")
    return 0


def find_rollout(reader: RunReader, agent: str, task: str) -> Rollout:
    """Return the newest rollout of an agent on a task. Raises: ArchiveError."""
    owner = reader.tree().resolve(agent)
    rollouts = reader.rollouts(owner.id)
    found = [rollout for rollout in rollouts if task in (rollout.task_id, rollout.id)]
    if not found:
        known = ", ".join(dict.fromkeys(rollout.task_id for rollout in rollouts)) or "none"
        raise ArchiveError(f"agent {owner.id} has no rollout on {task!r}; it has: {known}")
    return found[-1]


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").rstrip() if path.is_file() else ""


def _headline(rollout: Rollout) -> str:
    return (
        f"{rollout.id}  {rollout.agent_id} on {rollout.task_id}: {rollout.outcome}  "
        f"{rollout.detail}\n"
        f"{_origin(rollout)}"
        f"{seconds(rollout.total_s)}, {counted(rollout.usage.tokens, 'token')} in "
        f"{counted(rollout.usage.calls, 'call')}, {rollout.usage.cost_usd:.2f} USD\n"
        f"limits in force: {', '.join(rollout.limits_in_force) or 'none recorded'}"
    )


def _origin(rollout: Rollout) -> str:
    if rollout.regraded_from is None:
        return ""
    grader = rollout.key.grader_version
    return f"graded again by grader {grader}; the agent's work is that of {rollout.work_id}\n"


def _print_turn(turn: Turn, limit: int | None) -> None:
    say(f"\n=== turn {turn.number}  ({counted(turn.usage.tokens, 'token')})")
    if turn.text:
        say(_shortened(turn.text, limit))
    if turn.failure:
        say(f"no answer: {turn.failure}")
    for call in turn.calls:
        words = "  ".join(f"{key}: {value}" for key, value in call.input.items())
        say(f"> {call.name}  {_shortened(words, limit)}")
        result = "(never sent)" if call.result is None else call.result
        say(f"{'error: ' if call.is_error else ''}{_shortened(result, limit)}")


def _shortened(text: str, limit: int | None) -> str:
    if limit is None or len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[... {len(text) - limit} characters; see --full ...]\n{text[-half:]}"


def _as_json(turn: Turn) -> dict[str, Any]:
    return {
        "number": turn.number,
        "text": turn.text,
        "tokens": turn.usage.tokens,
        "failure": turn.failure,
        "calls": [
            {"name": c.name, "input": dict(c.input), "result": c.result, "is_error": c.is_error}
            for c in turn.calls
        ],
    }
