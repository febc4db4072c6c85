"""`dgm run`: put an agent to work on a repository of yours."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dgm.cli.arguments import (
    add_agent,
    add_ceilings,
    add_run,
    add_sandbox,
    ceiling_settings,
    code_of,
    filled,
    filled_path,
    positive,
    sandbox_settings,
)
from dgm.cli.bounds import warn_if_unbounded
from dgm.cli.output import remark, say_patch
from dgm.cli.repository import apply_patch, copy_repository
from dgm.errors import UserError

if TYPE_CHECKING:
    from dgm.records import AgentCode
    from dgm.rollout import Work
    from dgm.steps.laboratory import Laboratory

_LAST_LINES = 3
_APART = ("model.cache=false",)  # nothing of this belongs to the run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_agent(parser)
    parser.add_argument(
        "--repo", type=filled_path, required=True, metavar="PATH", help="your repository"
    )
    parser.add_argument(
        "--problem", type=filled, required=True, metavar="TEXT", help="what to do; @FILE reads it"
    )
    parser.add_argument("--apply", action="store_true", help="apply the patch to your repository")
    parser.add_argument("--timeout", type=positive, default=600, metavar="S", help="seconds (600)")
    add_ceilings(parser)
    add_sandbox(parser)
    add_run(parser, as_option=True)


def run(arguments: argparse.Namespace) -> int:
    """Let the agent work on a copy and print the patch; 1 if it changed nothing."""
    from dgm.archive.layout import find_run
    from dgm.archive.reader import RunReader
    from dgm.config import read_config
    from dgm.wiring import checkouts, open_laboratory

    problem = _problem(arguments.problem)
    with (
        RunReader.open(find_run(arguments.archive, arguments.run).path) as reader,
        tempfile.TemporaryDirectory(prefix="dgm-run-") as place,
        checkouts(reader.repository) as checkout,
    ):
        agent = reader.tree().resolve(arguments.agent)
        tree_hash = code_of(agent)
        folder = Path(place)
        copy_repository(arguments.repo, folder / "workspace")
        config = read_config(reader.settings, _settings(arguments))
        with open_laboratory(config, folder, tell_sandbox=remark) as lab:
            warn_if_unbounded(lab.config, lab.config.rollout, lab.config.model.name)
            work = _work(lab, checkout(tree_hash), problem, arguments.timeout)
        said = (folder / "rollout" / "output.txt").read_text(errors="replace")
    say_patch(work.patch)
    remark(f"{agent.id}: {_verdict(work)}; {work.usage.calls} calls, {work.usage.cost_usd:.2f} USD")
    if last_words := said.strip().splitlines()[-_LAST_LINES:]:
        remark(f"the agent's last words: {' / '.join(last_words)}")
    if not work.patch:
        return 1
    if arguments.apply:
        apply_patch(arguments.repo, work.patch)
        remark(f"applied to {arguments.repo}")
    return 0


def _settings(arguments: argparse.Namespace) -> list[str]:
    return [*_APART, *ceiling_settings(arguments), *sandbox_settings(arguments)]


def _problem(text: str) -> str:
    if not text.startswith("@"):
        return text
    try:
        problem = Path(text[1:]).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read the problem {text[1:]}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"cannot read the problem {text[1:]}: it is not UTF-8") from None
    if not problem.strip():
        raise UserError(f"the problem {text[1:]} is empty; say what is to be done")
    return problem


def _work(lab: Laboratory, agent: AgentCode, problem: str, timeout_s: float) -> Work:
    from dgm.rollout import RolloutOrder

    settings = lab.config
    return lab.runner.run(
        RolloutOrder(
            id="run",
            run=lab.run,
            agent=agent,
            statement=problem,
            workspace=lab.folder / "workspace",
            folder=lab.folder / "rollout",
            model=settings.model.name,
            seed=f"{settings.seed}/run",
            accounts=("rollout/run",),
            timeout_s=timeout_s,
            ceiling=settings.rollout.as_ceiling(),
            limits=settings.sandbox.limits.as_limits(),
        )
    )


def _verdict(work: Work) -> str:
    return f"a patch of {len(work.patch)} bytes" if work.patch else f"no change ({work.cause})"
