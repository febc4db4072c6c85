"""`dgm run`: put an agent to work on a repository of yours."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dgm.cli.arguments import add_agent, add_run
from dgm.cli.output import say
from dgm.errors import ArchiveError, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dgm.records import AgentCode
    from dgm.rollout import Work
    from dgm.steps.laboratory import Laboratory

_GIT_TIMEOUT_S = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_agent(parser)
    parser.add_argument("--repo", type=Path, required=True, metavar="PATH", help="your repository")
    parser.add_argument(
        "--problem", required=True, metavar="TEXT", help="what to do; @FILE reads it"
    )
    parser.add_argument("--apply", action="store_true", help="apply the patch to your repository")
    parser.add_argument("--timeout", type=float, default=600.0, metavar="S", help="default 600")
    add_run(parser, as_option=True)


def run(arguments: argparse.Namespace) -> int:
    """Let the agent work on a copy and print the patch."""
    from dgm.archive.layout import find_run
    from dgm.archive.reader import RunReader
    from dgm.config import read_config
    from dgm.wiring import checkouts, open_laboratory

    problem = _problem(arguments.problem)
    with (
        RunReader.open(find_run(arguments.archive, arguments.run).path) as reader,
        tempfile.TemporaryDirectory(prefix="dgm-run-") as folder,
        checkouts(reader.repository) as code_of,
    ):
        agent = reader.tree().resolve(arguments.agent)
        if agent.tree_hash is None:
            raise ArchiveError(f"agent {agent.id} has no code: {agent.reason or agent.state}")
        workspace = Path(folder) / "workspace"
        copy_repository(arguments.repo, workspace)
        config = read_config(reader.settings)
        with open_laboratory(config, Path(folder)) as lab:
            code = code_of(agent.tree_hash)
            work = _work(lab, code, workspace, problem, arguments.timeout)
        log = (Path(folder) / "rollout" / "output.txt").read_text(errors="replace")
    say(work.patch.decode(errors="replace").rstrip("\n"))
    say(f"# {agent.id}: {_verdict(work)}; {work.usage.calls} calls, {work.usage.cost_usd:.2f} USD")
    if not work.patch:
        say(f"# the agent's last words: {log[-500:].strip()}")
        return 1
    if arguments.apply:
        _apply(arguments.repo, work.patch)
        say(f"# applied to {arguments.repo}")
    return 0


def _problem(text: str) -> str:
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the problem {text[1:]}: {error}") from None


def _work(
    lab: Laboratory, agent: AgentCode, workspace: Path, problem: str, timeout_s: float
) -> Work:
    from dgm.records import Ceiling
    from dgm.rollout import RolloutOrder

    settings = lab.config
    return lab.runner.run(
        RolloutOrder(
            id="run",
            run=lab.run,
            agent=agent,
            statement=problem,
            workspace=workspace,
            folder=lab.folder / "rollout",
            model=settings.model.name,
            seed=f"{settings.seed}/run",
            accounts=("rollout/run",),
            timeout_s=timeout_s,
            ceiling=Ceiling(tokens=settings.rollout.tokens, cost_usd=settings.rollout.usd),
            limits=settings.sandbox.limits.as_limits(),
        )
    )


def _verdict(work: Work) -> str:
    return f"a patch of {len(work.patch)} bytes" if work.patch else f"no change ({work.cause})"


def copy_repository(repo: Path, into: Path) -> None:
    """Copy the regular files of a user's repository: tracked and new ones, not ignored ones.

    Raises: UserError if there are none.
    """
    names = _listed(repo) if (repo / ".git").exists() else _every_file(repo)
    if not names:
        raise UserError(f"{repo} holds no files to work on; name a folder with a repository")
    into.mkdir(parents=True)
    for name in names:
        source, target = repo / name, into / name
        if source.is_file() and not source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


def _listed(repo: Path) -> Sequence[str]:
    from dgm import processes

    command = ["git", "-C", str(repo), "-c", "safe.directory=*", "ls-files", "-z"]
    options = ["--cached", "--others", "--exclude-standard"]
    output = processes.run([*command, *options], timeout_s=_GIT_TIMEOUT_S).check("git ls-files")
    return [name for name in output.stdout.decode("utf-8", "surrogateescape").split("\0") if name]


def _every_file(repo: Path) -> Sequence[str]:
    return sorted(str(path.relative_to(repo)) for path in repo.rglob("*") if path.is_file())


def _apply(repo: Path, patch: bytes) -> None:
    from dgm import processes

    command = ["git", "apply", "--whitespace=nowarn", "-"]
    done = processes.run(command, cwd=repo, input=patch, timeout_s=_GIT_TIMEOUT_S)
    if done.code != 0:
        raise UserError(
            f"the patch was not applied: {done.stderr.decode(errors='replace').strip()}"
        )
