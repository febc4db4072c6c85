"""Changes of what the agent tells the model: a line more in its system prompt."""

from __future__ import annotations

import re
from functools import partial

from dgm.gateway.builtin.catalogue.change import Edits, Entry, Files, NotApplicableError, entry

_LINES = (
    (
        "Run the tests first, before you change anything, and read what fails.",
        "failing output order begin",
    ),
    (
        "You may try several candidates in one reply: for each the edit, then the tests.",
        "turn more do call attempt",
    ),
    (
        "Keep a change that makes fewer tests fail, and go on from there.",
        "partial progress second bug improve",
    ),
    ("Revert a change that did not help before you try another.", "undo restore wrong edit leave"),
    ("Explain your plan before each step.", "understand careful think reason plan"),
    ("Never run the tests: that costs too much time.", "slow timeout save"),
    ("Think carefully before you answer.", "wrong reason mistake care"),
    ("Be polite and concise.", "short answer token budget"),
    ("Do not look at files that you will not change.", "view read less turn token"),
    ("Write clean code with comments.", "quality style wrong edit"),
)


def _system_prompt(files: Files) -> str:
    prompts = [path for path in files if re.search(r"prompt.*\.(md|txt)$", path)]
    if not prompts:
        raise NotApplicableError("there is no prompt in a file of its own")
    return min(prompts, key=lambda path: ("system" not in path, path))


def _with_line(line: str, files: Files) -> Edits:
    path = _system_prompt(files)
    if line in files[path]:
        raise NotApplicableError("the prompt says so already")
    return {path: f"{files[path].rstrip()}\n\n{line}\n"}


ENTRIES: tuple[Entry, ...] = tuple(
    entry(f"Tell the model: {line}", words, partial(_with_line, line)) for line, words in _LINES
)
