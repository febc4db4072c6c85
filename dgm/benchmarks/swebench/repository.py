"""The repository in which an evaluation script finds what it asks git for.

Scripts print `git show`, compare with the base commit and take the tests from it, by its hash. Ours
holds the base as one commit of another hash, and an empty one on top; a replacement
(git-replace(1)) has the script's hash mean the first. So the real commit, its ancestors and its
message are nowhere, and the script runs as it is.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from dgm.hostgit import git
from dgm.workspaces import Workspace


def grader_git_folder(workspace: Workspace, base_commit: str) -> Path:
    """Return the git folder for a workspace in the grader's sandbox, made once."""
    folder = workspace.git_folder.with_name(f"grader-{base_commit[:12]}.git")
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            draft = Path(scratch, "git")
            _make(workspace, base_commit, draft)
            with suppress(OSError):  # another thread was first
                draft.rename(folder)
    return folder


def _make(workspace: Workspace, base_commit: str, folder: Path) -> None:
    shutil.copytree(workspace.given_git_folder, folder)
    where = {"GIT_DIR": str(folder), "GIT_WORK_TREE": str(workspace.source)}
    base = git(["rev-parse", "HEAD"], where)
    git(["commit", "-q", "--allow-empty", "--no-verify", "-m", "The task"], where)
    (folder / "COMMIT_EDITMSG").unlink(missing_ok=True)
    replaced = folder / "refs" / "replace"
    replaced.mkdir(parents=True)
    (replaced / base_commit).write_bytes(base)
