"""The host's own git, deaf to everybody's configuration.

It is only ever pointed at git folders the host made itself: no set of options makes it safe to work
in a repository that an agent could write. A repository of the user's, which may come from
strangers, is listed, and no more: that reads no file's content, so no filter acts; monitors and
hooks are off, and nothing is fetched.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from dgm import processes
from dgm.errors import MachineError

SAFE_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "HOME": "/nonexistent",
    "GIT_AUTHOR_NAME": "dgm",
    "GIT_AUTHOR_EMAIL": "dgm@localhost",
    "GIT_AUTHOR_DATE": "2000-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "dgm",
    "GIT_COMMITTER_EMAIL": "dgm@localhost",
    "GIT_COMMITTER_DATE": "2000-01-01T00:00:00Z",
}
_OPTIONS = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"),
    *("-c", "core.protectNTFS=false", "-c", "core.protectHFS=false"),  # just names, on this host
)
_CONFIG = (
    "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"
    "\tlogAllRefUpdates = false\n"
)
# Highest precedence of all attribute files: bytes are stored as they are, nothing is filtered.
_ATTRIBUTES = "* -text -ident -filter -working-tree-encoding !eol !diff\n"
_TIMEOUT_S = 120.0


def require_git() -> None:
    """Raises: MachineError where there is no git."""
    if shutil.which("git") is None:
        raise MachineError("there is no git on the PATH; install it: apt install git")


def git(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    stdin: bytes = b"",
    max_output: int = processes.MAX_OUTPUT,
) -> bytes:
    """Run git and return what it printed.

    Raises: ProcessFailedError if it fails, TooMuchOutputError.
    """
    finished = attempt_git(arguments, environment, stdin, max_output)
    return finished.check(f"git {arguments[0]}").stdout


def attempt_git(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    stdin: bytes = b"",
    max_output: int = processes.MAX_OUTPUT,
) -> processes.Finished:
    """Run git where failure is an answer. `environment` is laid over the safe one."""
    return processes.run(
        ("git", *_OPTIONS, *arguments),
        env=SAFE_ENVIRONMENT | dict(environment),
        input=stdin,
        timeout_s=_TIMEOUT_S,
        max_output=max_output,
    )


def make_git_folder(folder: Path) -> None:
    """Make an empty git folder, by hand, that takes every file's bytes as they are."""
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (folder / name).mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/main\n", encoding="ascii")
    (folder / "config").write_text(_CONFIG, encoding="ascii")
    (folder / "info" / "attributes").write_text(_ATTRIBUTES, encoding="ascii")


def list_files(repository: Path, *options: str) -> tuple[str, ...]:
    """Return what `git ls-files` says of a repository of the user's: relative paths, unchecked.

    Raises: ProcessFailedError if git cannot read it.
    """
    command = ["-C", str(repository), "-c", "safe.directory=*", "ls-files", "-z", *options]
    listed = attempt_git(command, {}).check("git ls-files").stdout
    return tuple(os.fsdecode(name) for name in listed.split(b"\0") if name)


def is_plain_path(root: Path, name: str) -> bool:
    """Whether a path stays below `root`: through no link, no `..`, and no git folder."""
    parts = Path(name).parts
    if Path(name).is_absolute() or any(part == ".." or part.lower() == ".git" for part in parts):
        return False
    return not any(root.joinpath(*parts[:end]).is_symlink() for end in range(1, len(parts) + 1))
