"""A repository of the user's: copied for an agent to work on, changed by nothing but `--apply`.

It may come from strangers, so that its configuration, filters and hooks must not act.
Covered: links, what lies behind them, ignored files and every `.git` stay behind; a patch is
applied whole or not at all, inside the folder, through no link, by a git that knows nothing of this
repository or one further up, and it makes regular files only.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from dgm.errors import PatchRefusedError, UserError
from dgm.hostgit import attempt_git, git, is_plain_path, list_files, make_git_folder
from dgm.workspaces import touched_files

# The repository may travel on to systems where other names mean `.git`.
_STRICT_NAMES = ("-c", "core.protectNTFS=true", "-c", "core.protectHFS=true")
_ODD_MODE = re.compile(r"^ (?:create mode|mode change \d+ =>) 1[26]0000 (?P<path>.*)", re.MULTILINE)


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
        if is_plain_path(repo, name) and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


def apply_patch(repo: Path, patch: bytes) -> None:
    """Change the files of a repository as a patch says.

    Raises: UserError if it does not apply; nothing is changed then.
    """
    with tempfile.TemporaryDirectory(prefix="dgm-apply-") as folder:
        make_git_folder(Path(folder))
        where = {"GIT_DIR": folder, "GIT_WORK_TREE": str(repo.resolve())}
        _enlist(repo, _checked_names(repo, patch, where), where)
        command = ["-C", str(repo), *_STRICT_NAMES, "apply", "--index", "--whitespace=nowarn", "-"]
        done = attempt_git(command, where, patch)
    if done.code != 0:
        raise _not_applied(done.stderr.decode(errors="replace").strip())


def _checked_names(repo: Path, patch: bytes, where: Mapping[str, str]) -> Sequence[str]:
    """Return the paths a patch touches; refuse one that leaves the repository, or makes links."""
    try:
        names = touched_files(patch)
    except PatchRefusedError as refusal:
        raise _not_applied(str(refusal)) from refusal
    for name in names:
        if not is_plain_path(repo, name):
            raise _not_applied(f"{name} is a link, behind one, or outside the repository")
    summary = attempt_git(["apply", "--summary", "-"], where, patch).stdout.decode(errors="replace")
    if odd := _ODD_MODE.search(summary):
        raise _not_applied(f"it makes what is no regular file: {odd['path']}")
    return names


def _enlist(repo: Path, names: Sequence[str], where: Mapping[str, str]) -> None:
    """Put the files a patch may start from into the index: git then reads no others."""
    known = b"".join(os.fsencode(name) + b"\0" for name in names if (repo / name).is_file())
    git(["-C", str(repo), "update-index", "--add", "-z", "--stdin"], where, known)


def _not_applied(reason: str) -> UserError:
    return UserError(f"the patch was not applied, nothing is changed: {reason}")


def _listed(repo: Path) -> Sequence[str]:
    return list_files(repo, "--cached", "--others", "--exclude-standard")


def _every_file(repo: Path) -> Sequence[str]:
    names: list[str] = []
    for here, folders, files in os.walk(repo):
        folders[:] = [name for name in folders if not _is_run(Path(here, name))]
        names += [str(Path(here, name).relative_to(repo)) for name in files]
    return sorted(name for name in names if (repo / name).is_file())


def _is_run(folder: Path) -> bool:
    """Whether a run of ours lies there: nothing for an agent to see."""
    return (folder / "run.db").exists() and (folder / "agents.git").is_dir()
