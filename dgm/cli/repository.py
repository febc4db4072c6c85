"""A repository of the user's: copied for an agent to work on, changed by nothing but `--apply`.

Covered: links, ignored files and `.git` stay behind; a patch is applied whole or not at all, inside
the folder, through no link, and by no repository further up.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dgm import processes
from dgm.errors import UserError

_GIT_TIMEOUT_S = 60.0


def copy_repository(repo: Path, into: Path) -> None:
    """Copy its regular files: if git keeps it tracked and new ones, not ignored ones; else all.

    Raises: UserError if there are none.
    """
    if not repo.is_dir():
        raise UserError(f"there is no folder {repo}; name your repository with --repo")
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


def apply_patch(repo: Path, patch: bytes) -> None:
    """Change the files of a repository as a patch says.

    Raises: UserError if it does not apply; nothing is changed then.
    """
    done = processes.run(
        ["git", "apply", "--whitespace=nowarn", "-"],
        cwd=repo,
        env={"GIT_CEILING_DIRECTORIES": str(repo.resolve().parent)},
        input=patch,
        timeout_s=_GIT_TIMEOUT_S,
    )
    if done.code != 0:
        reason = done.stderr.decode(errors="replace").strip()
        raise UserError(f"the patch was not applied, nothing is changed: {reason}")


def _listed(repo: Path) -> Sequence[str]:
    command = ["git", "-C", str(repo), "-c", "safe.directory=*", "-c", "core.fsmonitor=false"]
    options = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    output = processes.run([*command, *options], timeout_s=_GIT_TIMEOUT_S).check("git ls-files")
    return [name for name in output.stdout.decode("utf-8", "surrogateescape").split("\0") if name]


def _every_file(repo: Path) -> Sequence[str]:
    return sorted(str(path.relative_to(repo)) for path in repo.rglob("*") if path.is_file())
