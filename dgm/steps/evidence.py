"""What a diagnoser is shown of a rollout.

What agents and their programs wrote is delimited, capped, and marked as theirs. Hidden tests are
never shown: a child could carry them into its code.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from dgm import prompts
from dgm.gateway.turns import Turn, read_turns
from dgm.records import AgentCode
from dgm.steps.targets import Looking, Target

_TEXT_CHARS = 600
_SECTION_CHARS = 20_000
_DELIMITERS = re.compile(r"[<>]{3,}")
_QUESTION = {
    Looking.TASK: "Why did the agent not solve this task?",
    Looking.EMPTY_PATCHES: "Many of its rollouts ended without any change. Why?",
    Looking.VARIANCE: "Its results differ between attempts at the same task. Why?",
    Looking.CONTEXT_LENGTH: "It ran into the limit of its context or budget. How to need less?",
    Looking.NOTHING_FAILED: "It solved what it met. How could it need fewer turns?",
}


def question(target: Target, statement: str, parent: AgentCode, folder: Path) -> str:
    """Write the request for a diagnosis; `folder` is the shown rollout's."""
    shown = target.shown
    return prompts.render(
        "diagnose_request",
        agent_files=_capped("\n".join(_agent_files(parent))),
        target=_QUESTION[target.looking],
        statement=statement,
        outcome=_capped(f"{shown.outcome} {shown.detail}".strip()),
        output=_capped(_read(folder / "output.txt")[-2000:]),
        transcript=_capped(
            "\n".join(_describe(turn) for turn in read_turns(folder / "transcript.jsonl"))
        ),
        patch=_capped(_read(folder / "patch.diff")) or "(no change)",
    )


def _agent_files(agent: AgentCode) -> list[str]:
    files = sorted(path for path in agent.folder.rglob("*") if path.is_file())
    return [f"- {path.relative_to(agent.folder)} ({path.stat().st_size} bytes)" for path in files]


def _describe(turn: Turn) -> str:
    lines = [f"### Turn {turn.number}"]
    if turn.text:
        lines.append(clip(turn.text))
    for call in turn.calls:
        lines.append(f"call {call.name} {clip(json.dumps(dict(call.input)))}")
        lines.append(f"{'error' if call.is_error else 'result'}: {clip(call.result or '')}")
    return "\n".join(lines)


def clip(text: str) -> str:
    """Shorten a text to its head and tail."""
    if len(text) <= _TEXT_CHARS:
        return text
    half = _TEXT_CHARS // 2
    return f"{text[:half]}\n... {len(text) - _TEXT_CHARS} characters left out ...\n{text[-half:]}"


def _capped(text: str) -> str:
    """Bound a section, and keep the delimiters of the prompt the host's own."""
    half = _SECTION_CHARS // 2
    short = text if len(text) <= _SECTION_CHARS else f"{text[:half]}\n...\n{text[-half:]}"
    return _DELIMITERS.sub(lambda found: " ".join(found[0]), short)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
