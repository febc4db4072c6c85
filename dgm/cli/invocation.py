"""How to call `dgm` again: commands to paste, true for how it was called this time."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dgm.cli.arguments import DEFAULT_ARCHIVE
from dgm.events import SEED_FAILED, budget_spent

if TYPE_CHECKING:
    from dgm.archive.layout import RunFolder


def command(*words: str) -> str:
    """Return a command line of this program."""
    return shlex.join([*_program(), *words])


def named(run: RunFolder) -> str:
    """Return the word by which a run is found from this folder."""
    is_near = run.path.parent.resolve() == DEFAULT_ARCHIVE.resolve()
    return run.name if is_near else str(run.path)


def how_to_go_on(run: RunFolder, why: str) -> str:
    """Say which command goes on with a stopped run; a spent budget needs a larger one."""
    if why.startswith(SEED_FAILED):
        return "this run cannot go on"
    resume = command("resume", named(run))
    if why == budget_spent("run"):
        return f"go on with more, in all: {resume} --tokens N, or --usd N"
    if why.startswith(step := budget_spent("step/").removesuffix(" is spent")):
        name = why.removeprefix(step).split()[0]
        return f"go on with more, in all: {resume} --step {name}.usd=N"
    return f"go on with: {resume}"


def _program() -> list[str]:
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return [sys.executable, "-m", "dgm"]
    found = shutil.which("dgm")
    is_on_path = found is not None and called.exists() and Path(found).samefile(called)
    return ["dgm"] if is_on_path else [str(called.absolute())]
